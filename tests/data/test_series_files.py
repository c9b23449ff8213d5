"""Files of time series in the true layouts, and in layouts that are damaged."""

import numpy as np
import pytest

from neuralpde.data import DataError
from neuralpde.data.series import physionet_2012, read_outcomes, read_record, read_ts, uea

MULTIVARIATE = """#A data set with two channels
@problemName Two
@timeStamps false
@missing true
@univariate false
@dimensions 2
@equalLength false
@classLabel true up down
@data
1.0,2.0,3.0:4.0,?,6.0:up
1.5,2.5:-1,-2:down
"""
STAMPED = """@problemName Stamped
@timeStamps true
@univariate false
@targetLabel true
@data
(0,1.0),(1.5,2.0):(0.5,7.0):3.25
(0,1.0),(2,?),(3,4.0):(0,7.0):-1
"""
RECORD = """Time,Parameter,Value
00:00,RecordID,132539
00:00,Age,54
00:00,Gender,0
00:00,Height,-1
00:00,ICUType,4
00:00,Weight,-1
00:07,GCS,15
00:07,HR,73
00:37,HR,77
00:37,HR,79
01:37,NISysABP,157
"""
OUTCOMES = """RecordID,SAPS-I,SOFA,Length_of_stay,Survival,In-hospital_death
132539,6,1,5,-1,0
132540,16,8,8,-1,1
"""


def written(folder, text: str, name: str = "file.ts"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_series_of_different_lengths_and_missing_values(tmp_path):
    file = read_ts(written(tmp_path, MULTIVARIATE))
    assert file.name == "Two" and file.classes == ("up", "down") and file.labels == ["up", "down"]
    np.testing.assert_array_equal(file.series[0].values, [[1, 4], [2, np.nan], [3, 6]])
    np.testing.assert_array_equal(file.series[1].times, [0, 1])


def test_channels_with_times_of_their_own_share_the_union(tmp_path):
    file = read_ts(written(tmp_path, STAMPED))
    np.testing.assert_array_equal(file.series[0].times, [0, 0.5, 1.5])
    np.testing.assert_array_equal(file.series[0].values, [[1, np.nan], [np.nan, 7], [2, np.nan]])
    np.testing.assert_array_equal(file.labels, [3.25, -1])


def test_two_files_of_the_archive_are_a_dataset(tmp_path):
    dataset = uea(written(tmp_path, MULTIVARIATE), written(tmp_path, MULTIVARIATE, "b.ts"), validation=0.5)
    assert dataset.channels == dataset.outputs == 2
    assert dataset.test.series.values.shape == (2, 3, 2)
    np.testing.assert_array_equal(dataset.test.series.length, [3, 2])
    np.testing.assert_array_equal(dataset.test.target, [0, 1])
    assert len(dataset.train.target) == len(dataset.validation.target) == 1
    numbers = uea(written(tmp_path, STAMPED), written(tmp_path, STAMPED, "b.ts"))
    assert numbers.outputs == 1 and numbers.classes is None


BROKEN = [
    (MULTIVARIATE.replace("6.0:up", "six:up"), 10, "'six' is no number"),
    (MULTIVARIATE.replace("-2:down", "-2:left"), 11, "label is 'left'"),
    (MULTIVARIATE.replace("-1,-2:down", "down"), 11, "1 channels"),
    (MULTIVARIATE.replace("-1,-2:down", "-1:down"), 11, r"\[1, 2\] values"),
    (MULTIVARIATE.replace("@missing true", "@missing maybe"), 4, "maybe"),
    (MULTIVARIATE.replace("@dimensions 2", "@dimensions two"), 6, "whole number"),
    (MULTIVARIATE.replace("@equalLength false", "@equalLength true\n@seriesLength 3"), 12, "2 entries"),
    (MULTIVARIATE.replace("@data\n", ""), 9, "before @data"),
    (MULTIVARIATE.split("1.0,2.0")[0], 9, "nothing follows"),
    (MULTIVARIATE.split("@data")[0], 8, "without @data"),
    (MULTIVARIATE.replace(" up down", ""), 9, "names no class"),
    (STAMPED.replace("(0.5,7.0)", "(0.5)"), 6, "no pair"),
    (STAMPED.replace("(1.5,2.0)", "(0,2.0)"), 6, "a time twice"),
    (STAMPED.replace("(2,?)", "(?,2)"), 7, "no time"),
]


@pytest.mark.parametrize(("text", "line", "found"), BROKEN)
def test_damaged_file_is_refused_with_its_line(tmp_path, text, line, found):
    with pytest.raises(DataError, match=f"line {line}: .*{found}"):
        read_ts(written(tmp_path, text))


def test_absent_file_is_refused(tmp_path):
    with pytest.raises(DataError, match="There is no file"):
        read_ts(tmp_path / "none.ts")


def test_files_of_two_data_sets_are_refused(tmp_path):
    with pytest.raises(DataError, match="two files of one data set"):
        uea(written(tmp_path, MULTIVARIATE), written(tmp_path, MULTIVARIATE.replace("down", "left"), "b.ts"))


def test_record_of_a_patient(tmp_path):
    series = read_record(written(tmp_path, RECORD, "132539.txt"))
    np.testing.assert_allclose(series.times, [7 / 60, 37 / 60, 97 / 60])
    assert series.channels == 37 and np.asarray(series.mask).sum() == 4
    assert np.nansum(series.values[1]) == 78  # the mean of two at the same time
    np.testing.assert_array_equal(series.static, [54, 0, np.nan, 0, 0, 0, 1])
    assert len(read_record(written(tmp_path, RECORD, "132539.txt"), quantum=1.0)) == 3


def test_record_without_measurements_is_one_empty_entry(tmp_path):
    series = read_record(written(tmp_path, RECORD.split("00:07")[0], "1.txt"))
    assert len(series) == 1 and not np.asarray(series.mask).any()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (RECORD.replace("00:07,GCS,15", "00:07,GSC,15"), 8),
        (RECORD.replace("00:07,HR", "0007,HR"), 9),
        (RECORD.replace("HR,77", "HR,fast"), 10),
        (RECORD.replace("HR,79", "HR"), 11),
        (RECORD.replace("Time,", "Hour,"), 1),
        ("", 1),
    ],
)
def test_damaged_record_is_refused_with_its_line(tmp_path, text, line):
    with pytest.raises(DataError, match=f"line {line}: "):
        read_record(written(tmp_path, text, "1.txt"))


def test_records_of_a_folder_with_their_outcomes(tmp_path):
    outcomes = written(tmp_path, OUTCOMES, "outcomes.csv")
    records = tmp_path / "set-a"
    records.mkdir()
    written(records, RECORD, "132539.txt")
    written(records, RECORD.replace("Age,54", "Age,60").replace("-1\n00:00,ICU", "170\n00:00,ICU"), "132540.txt")
    assert read_outcomes(outcomes) == {132539: 0, 132540: 1}
    dataset = physionet_2012(records, outcomes, test=0.5)
    assert dataset.channels == 37 and dataset.statics == 7
    assert sorted([int(dataset.train.target[0]), int(dataset.test.target[0])]) == [0, 1]
    assert np.isfinite(dataset.train.series.static).all()
    written(records, RECORD, "7.txt")
    with pytest.raises(DataError, match=r"no outcome for \['7.txt'\]"):
        physionet_2012(records, outcomes)
