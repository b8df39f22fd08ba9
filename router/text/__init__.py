"""Text to segments and back: 3GPP TS 23.038 alphabets, TS 23.040 headers. Pure."""
