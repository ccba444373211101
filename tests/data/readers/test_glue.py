import json

import pytest

from tinyformer.data.readers import GLUE, glue_file, read_examples, read_glue, read_sick, read_snli, recognise

MNLI_PARSES = "1\t2\t2n\tfiction\t( a )\t( b )\t(ROOT a)\t(ROOT b)\t"
# A header and a row as published, and what is in it: first text, second text, label.
FILES = {
    "cola": ("", 'gj04\t0\t*\tThe "cat sleeps.', ("The \"cat sleeps.", None, "0")),
    "sst2": ("sentence\tlabel", "hide new secretions \t0", ("hide new secretions ", None, "0")),
    "mrpc": ("\ufeffQuality\t#1 ID\t#2 ID\t#1 String\t#2 String", '1\t7\t8\tHe said "no" .\t" No , " he said .',
             ('He said "no" .', '" No , " he said .', "1")),
    "stsb": ("index\tgenre\tfilename\tyear\told_index\tsource1\tsource2\tsentence1\tsentence2\tscore",
             "0\tmain\tMSRvid\t2012\t1\tnone\tnone\tA plane.\tA kite.\t5.000", ("A plane.", "A kite.", 5.0)),
    "qqp": ("id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate", "1\t2\t3\tWhy?\tHow?\t0", ("Why?", "How?", "0")),
    "mnli": ("index\tpromptID\tpairID\tgenre\tsentence1_binary_parse\tsentence2_binary_parse\tsentence1_parse\t"
             "sentence2_parse\tsentence1\tsentence2\tlabel1\tlabel2\tgold_label",
             MNLI_PARSES + "A.\tB.\tneutral\tentailment\tneutral", ("A.", "B.", "neutral")),
    "qnli": ("index\tquestion\tsentence\tlabel", "0\tWhen?\tIn 1912.\tentailment", ("When?", "In 1912.", "entailment")),
    "rte": ("index\tsentence1\tsentence2\tlabel", "0\tA.\tB.\tnot_entailment", ("A.", "B.", "not_entailment")),
    "wnli": ("index\tsentence1\tsentence2\tlabel", "0\tA.\tB.\t1", ("A.", "B.", "1")),
}


def parts(example):
    return (example.text, None, example.label) if hasattr(example, "text") else (
        example.first, example.second, example.label)


@pytest.mark.parametrize("task", GLUE)
def test_published_columns(file, refused, task):
    header, row, expected = FILES[task]
    lines = [header] * bool(header) + [row, row]
    path = file("train.tsv", "\n".join(lines) + "\n")
    assert [parts(example) for example in read_glue(path, task)] == [expected] * 2
    columns = tuple(sorted(GLUE[task].columns, key=["text", "first", "second", "label", "score"].index))
    assert [parts(example) for example in read_examples(path, columns)] == [expected] * 2      # unnamed, the same

    short = file("short.tsv", "\n".join([*lines, row.partition("\t")[2]]) + "\n")
    refused(read_glue, short, task, words=[f"{short}:{len(lines) + 1}: ", "columns where"])
    wrong = row.replace(f"\t{expected[2]}", "\t7") if task == "cola" else row[:row.rindex("\t")] + "\tnan"
    if task == "mrpc":
        wrong = "2" + row[1:]
    refused(read_glue, file("wrong.tsv", "\n".join([*lines, wrong])), task,
            words=[f":{len(lines) + 1}: ", columns[-1]])


@pytest.mark.parametrize("task", GLUE)
def test_test_files_have_no_label(file, task):
    header, row, expected = FILES[task]
    if task == "cola":
        header, row = "index\tsentence", '0\tThe "cat sleeps.'
    elif task == "mrpc":
        header, row = header.replace("\ufeffQuality", "index"), row
    else:
        header, row = header[:header.rindex("\t")], row[:row.rindex("\t")]
    found = read_glue(file("test.tsv", f"{header}\n{row}\n"), task, labelled=False)
    assert parts(found[0]) == (*expected[:2], None)


def test_rows_without_agreement_are_counted(file):
    header, row, _ = FILES["mnli"]
    found = read_glue(file("dev.tsv", f"{header}\n{row}\n{row[:-7]}-\n"), "MNLI")
    assert (len(found), found.unlabelled) == (1, 1)


def test_names_and_places(refused):
    assert glue_file("g", "sts-b", "dev").as_posix() == "g/STS-B/dev.tsv"
    assert glue_file("g", "MNLI", "dev").as_posix() == "g/MNLI/dev_matched.tsv"
    assert glue_file("g", "mnli", "dev_mismatched").as_posix() == "g/MNLI/dev_mismatched.tsv"
    assert len(GLUE) == 9
    refused(glue_file, "g", "sst3", "dev", words=["'sst3'", "sst2"])


SICK = "pair_ID\tsentence_A\tsentence_B\trelatedness_score\tentailment_judgment\n"


def test_sick(file, refused):
    path = file("SICK_train.txt", SICK + '1\tA "cat\tA dog\t4.5\tNEUTRAL\n')
    assert parts(read_sick(path)[0]) == ('A "cat', "A dog", "NEUTRAL")
    assert parts(read_sick(path, "relatedness")[0]) == ('A "cat', "A dog", 4.5)
    header = "pair_ID\tsentence_A\tsentence_B\tentailment_label\trelatedness_score\n"
    whole = file("SICK.txt", header + "1\ta\tb\tNEUTRAL\t3\n")
    assert (read_sick(whole)[0].label, read_sick(whole, "relatedness")[0].label) == ("NEUTRAL", 3.0)
    refused(read_sick, path, "similarity", words=["entailment and relatedness"])
    refused(read_sick, file("a.txt", SICK + "1\ta\tb\t4\tneutral\n"), words=["a.txt:2: ", "'neutral'", "NEUTRAL"])


def test_snli(file, refused):
    rows = [dict(gold_label=label, sentence1="A.", sentence2="B.", annotator_labels=[label], pairID="1")
            for label in ("neutral", "-", "contradiction")]
    path = file("snli_1.0_dev.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    found = read_snli(path)
    assert [example.label for example in found] == ["neutral", "contradiction"] and found.unlabelled == 1
    assert found[1].line == 3
    refused(read_snli, file("a.jsonl", json.dumps(rows[1])), words=["no examples", "1 without a label"])
    refused(read_snli, file("a.jsonl", json.dumps(rows[0] | {"gold_label": "maybe"})), words=["a.jsonl:1: ", "maybe"])


def test_real_sst2(published):
    for name, count, ones in (("train_6000", 6000, 3149), ("dev", 872, 444)):
        found = read_examples(published(f"sst2/{name}.tsv"), ("text", "label"), labels=("0", "1"))
        assert len(found) == count and sum(example.label == "1" for example in found) == ones
        assert not found.report()


def test_real_sick(published):
    for name, count in (("train", 4500), ("trial", 500)):
        path = published(f"sick/SICK_{name}.txt")
        classes, scores = read_sick(path), read_sick(path, "relatedness")
        assert len(classes) == len(scores) == count and not classes.report()
        assert {example.label for example in classes} == {"NEUTRAL", "ENTAILMENT", "CONTRADICTION"}
        assert all(1 <= example.label <= 5 for example in scores)
        assert recognise(path, ("first", "second", "label"))["label"] == "entailment_judgment"
