"""Does a report say what was found, to people and to programs, of a right gradient and of a wrong one?"""

import json

import numpy as np

from tinyformer import ops
from tinyformer.exercises.tanh import tanh_without_the_square
from tinyformer.gradcheck import check_op
from tinyformer.gradcheck.report import print_table


def test_a_table_has_a_line_for_each_op_and_says_what_failed(capsys):
    reports = [check_op(ops.tanh), check_op(tanh_without_the_square)]
    assert not print_table(reports)
    shown = capsys.readouterr().out
    head, right, wrong, *failed, last = shown.splitlines()
    assert head.startswith("error of each check") and head.endswith("verdict")
    assert right.startswith("tanh ") and right.endswith("right")
    assert wrong.startswith("tanh_without_the_square") and wrong.endswith("WRONG")
    assert any(line.startswith("  complex step: ") for line in failed)
    assert last == "1 of 2 gradients are right"


def test_a_table_of_right_ones_is_right(capsys):
    assert print_table([check_op(ops.exp)])
    assert capsys.readouterr().out.splitlines()[-1] == "1 of 1 gradients are right"


def test_what_programs_read_is_json():
    report = check_op(tanh_without_the_square)
    report.rows[0] = report.rows[0]._replace(error=np.inf)     # for which JSON has no word
    found = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert found["op"] == "tanh_without_the_square" and found["ok"] is False and found["cases"] == report.cases
    assert found["checks"][report.rows[0].check]["error"] is None
    assert found["checks"][report.rows[1].check]["error"] == report.rows[1].error
