"""TLS as devices speak it."""

import ssl


def client_context(*, verify: bool) -> ssl.SSLContext:
    """Return a context that checks certificates, or one that takes anything."""
    if verify:
        return ssl.create_default_context()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    # Old devices know only old TLS; who does not check certificates loses nothing by it.
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context
