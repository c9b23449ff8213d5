"""Pictures, as functions that return matplotlib Figures; nothing here opens a window."""

from .bands import band_figure
from .comparison import comparison_plot
from .curves import error_histogram, learning_curve, resolution_plot, spectrum_plot
from .fields import field_panel, ranked_panel
from .film import save_film
from .gallery import operator_figures
from .rollout import rollout_figures
from .samples import samples_figure
from .style import save_figures

__all__ = [
    "band_figure",
    "comparison_plot",
    "error_histogram",
    "field_panel",
    "learning_curve",
    "operator_figures",
    "ranked_panel",
    "resolution_plot",
    "rollout_figures",
    "samples_figure",
    "save_figures",
    "save_film",
    "spectrum_plot",
]
