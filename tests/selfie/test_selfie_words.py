"""One sentence a language, whatever the reasons."""

import pytest

from facesort.errors import UsageError
from facesort.selfie.words import languages, words_of


@pytest.mark.parametrize(
    ("language", "reasons", "sentence"),
    [
        ("en", [], "This photo can be used."),
        ("en", ["too_small"], "Please take the photo again closer to the camera."),
        (
            "en",
            ["eyes_covered", "too_small", "too_dark"],
            "Please take the photo again with your eyes uncovered (no sunglasses), "
            "closer to the camera and in brighter light.",
        ),
        (
            "de",
            ["eyes_covered", "too_small", "too_dark"],
            "Bitte machen Sie das Foto noch einmal mit unbedeckten Augen (ohne Sonnenbrille), "
            "näher an der Kamera und bei hellerem Licht.",
        ),
        ("ko", [], "이 사진은 사용할 수 있습니다."),
        ("ko", ["too_dark"], "더 밝은 곳에서 다시 찍어 주세요."),
        (
            "ko",
            ["mouth_covered", "too_small"],
            "입과 코가 보이도록 마스크 등을 벗고, 카메라에 더 가까이 다가가서 다시 찍어 주세요.",
        ),
    ],
)
def test_sentences(language: str, reasons: list[str], sentence: str) -> None:
    assert words_of(language).sentence(reasons) == sentence


def test_every_language_says_the_same() -> None:
    english = words_of("en")
    for words in languages().values():
        assert words.hints.keys() == english.hints.keys()
        assert words.live.keys() == english.hints.keys() - {"unreadable"}
        assert "{how}" in words.again


@pytest.mark.parametrize(
    ("language", "message"),
    [
        ("", "expected one of en, de, ko"),
        ("KO", "did you mean 'ko'"),
        ("fr", "expected one of en, de, ko"),
    ],
)
def test_an_unknown_language_is_usage(language: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        words_of(language)
