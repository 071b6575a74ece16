"""Any response that there can be, for hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st

from domain.email import EmailState, Mark, ServiceStatus
from domain.response import REDELIVERED, Response

_SIGNS = [REDELIVERED, *(str(sign) for sign in [*ServiceStatus, *Mark] if sign is not ServiceStatus.NONE)]
RESPONSES = st.builds(
    Response,
    st.sampled_from(EmailState),
    st.frozensets(st.sampled_from(_SIGNS)),
    st.sampled_from([None, EmailState.SOFT_BOUNCED, EmailState.HARD_BOUNCED]),
)
