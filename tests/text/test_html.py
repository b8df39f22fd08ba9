"""What can be read of HTML, in time that grows with its length."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.text.html import readable


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("Hello", "Hello"),
        ("<p>Thank <b>you</b>", "Thank you"),
        ("<p>One</p>\n<p>Two<br>Three</p>", "One\n\nTwo\nThree"),
        ("<ul>\n  <li>a\n  <li>b\n</ul>", "a\nb"),
        ("a &lt; b &amp;&nbsp;c &eacute; &#233;", "a < b &\xa0c é é"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("<head><title>T</title><style>p > a {}</style></head><body>B", "B"),
        ("<head><title>T<body>B", "B"),
        ("a<script>if (1 < 2) { x = '<p>'; }</script>b", "ab"),
        ("a<!-- <p>hidden --> b", "a b"),
        ("<!DOCTYPE html><?xml?>x", "x"),
        ("<P CLASS='x'>a</P>", "a"),
        ("a\n   b\t c", "a b c"),
        ("&#" + "9" * 5000 + ";", "&#" + "9" * 5000 + ";"),
        ("", " "),
        ("<img src=x>", " "),
        ("<script>never closed", " "),
    ],
)
def test_what_is_read(html: str, text: str) -> None:
    assert readable(html) == text


@pytest.mark.deep
@pytest.mark.parametrize(
    "piece",
    [
        "<",
        "<a ",
        "<!--",
        "<a b='",
        "&",
        "<!",
        "<?",
        "</",
        "<script>",
        "\n \n",
        "<![CDATA[",
        "<a b",
        "<br>",
        "-->",
        "&#x",
    ],
)
def test_no_document_takes_long(piece: str) -> None:
    """256 KiB of what makes other parsers look again and again."""
    assert readable(piece * (256 * 1024 // len(piece)))


@given(
    st.text() | st.lists(st.sampled_from(["<", ">", "a", " ", "!--", "-->", "p", "/", "script", "&amp;"])).map("".join)
)
def test_any_text_is_read(html: str) -> None:
    assert readable(html)
