from tests.support.wishes import binding, visitor

from mobileip.dataplane.changes import by_key
from mobileip.forwarding.model import ForwardingChange


def test_removed_keys_hold_nothing_and_wishes_beat_removals():
    kept, gone = binding(), visitor()
    change = ForwardingChange(install=(binding(expires_at=1.0), kept), remove=(kept.key, gone.key))
    assert by_key(change) == {kept.key: kept, gone.key: None}
