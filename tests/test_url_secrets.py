"""Addresses with a password or a token: refused where they would be kept, hidden where shown."""

from __future__ import annotations

import pytest

from facesort.errors import UsageError
from facesort.media.sources import resolve
from facesort.photos import album_at
from facesort.url_secrets import masked, secret_in

LOGIN = "a password or token before the @"


@pytest.mark.parametrize(
    ("url", "secret", "shown"),
    [
        ("", "", ""),
        ("https://host/album", "", "https://host/album"),
        ("https://S3CRET@host/album", LOGIN, "https://host/album"),
        ("https://me:S3CRET@host/album", LOGIN, "https://host/album"),
        ("webdav://S3CRET@host/album", LOGIN, "webdav://host/album"),
        ("s3://AKIA:S3CRET@bucket/album", LOGIN, "s3://bucket/album"),
        ("sftp://me@host/album", "", "sftp://host/album"),
        ("abfs://container@account/album", "", "abfs://account/album"),
        ("s3://bucket/p@q/album", "", "s3://bucket/p@q/album"),
        ("s3://b/a?token=S3CRET", "a value of 'token'", "s3://b/a?token=***"),
        ("az://c/a?sv=1&sig=S3CRET", "a value of 'sig'", "az://c/a?sv=1&sig=***"),
        (
            "gs://b/a?X-Goog-Signature=S3CRET",
            "a value of 'X-Goog-Signature'",
            "gs://b/a?X-Goog-Signature=***",
        ),
        ("https://h/a#access_token=S3CRET", "a value of 'access_token'", "https://h/a#access_token=***"),
        ("s3://b/user=me/author=you", "", "s3://b/user=***/author=you"),
        ("rtsp://h/cam?channel=1&pwd=S3CRET", "a value of 'pwd'", "rtsp://h/cam?channel=1&pwd=***"),
        ("rtsp://h/x/password=S3CRET&channel=1.sdp", "", "rtsp://h/x/password=***&channel=1.sdp"),
    ],
)  # fmt: skip
def test_secrets(url: str, secret: str, shown: str) -> None:
    assert (secret_in(url), masked(url)) == (secret, shown)


@pytest.mark.parametrize(
    "url",
    [
        *("https://S3CRET@host/album", "https://me:S3CRET@host/album", "https://host/a?x=S3CRET"),
        *("s3://b/a?token=S3CRET", "az://c/a?sv=1&sig=S3CRET", "https://[S3CRET@host/a?token=S3CRET"),
    ],
)  # fmt: skip
def test_an_album_with_a_secret_is_refused(url: str) -> None:
    with pytest.raises(UsageError) as error:
        album_at(url)
    assert "S3CRET" not in str(error.value)


@pytest.mark.parametrize("url", ["s3://bucket/user=me/2024", "sftp://me@host/a", "https://host/a"])
def test_an_album_without_one_is_taken(url: str) -> None:
    assert str(album_at(url)) == url


@pytest.mark.parametrize(
    "url", ["rtsp://me:S3CRET@h/1", "rtsp://h/1?user=S3CRET&password=S3CRET", "ftp://S3CRET@h/1"]
)
def test_a_stream_is_named_without_its_password(url: str) -> None:
    try:
        (source,) = resolve([url]).found
    except UsageError as error:
        assert "S3CRET" not in str(error)
    else:
        assert source.where == url
        assert "S3CRET" not in source.name + source.stem
