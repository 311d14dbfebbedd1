"""What users of the server may do, as their service's wiring says."""

from libs.bus.permissions import permissions
from libs.bus.wiring import Wiring
from libs.contracts.asks import CancelScan
from libs.contracts.cameras import CameraConfig
from libs.contracts.gaps import GapDetected
from libs.contracts.live import Demand
from libs.contracts.presence import ServiceState


def test_a_service_that_declares_nothing_may_only_listen_to_its_own_inbox() -> None:
    found = permissions(Wiring(service="quiet"))

    assert found.publish == ()
    assert found.subscribe == ("_INBOX.quiet.>",)


def test_a_publisher_may_publish_its_events_and_check_their_stream() -> None:
    found = permissions(Wiring(service="teller", publishes=(GapDetected,)))

    assert found.publish == ("$JS.API.STREAM.INFO.EVENTS", "everframe.evt.gap-detected.*.*")


def test_a_consumer_may_use_its_own_durable_and_bury_its_own_dead() -> None:
    found = permissions(Wiring(service="hearer", consumes=(GapDetected,)))

    assert set(found.publish) == {
        "$JS.ACK.EVENTS.hearer.>",
        "$JS.ACK.*.*.EVENTS.hearer.>",
        "$JS.API.CONSUMER.CREATE.EVENTS",
        "$JS.API.CONSUMER.INFO.EVENTS.hearer",
        "$JS.API.CONSUMER.MSG.NEXT.EVENTS.hearer",
        "$JS.API.STREAM.INFO.DLQ",
        "$JS.API.STREAM.INFO.EVENTS",
        "$JS.FC.EVENTS.>",
        "$JS.FC.*.*.EVENTS.>",
        "everframe.dlq.EVENTS.hearer",
    }


def test_only_a_writer_may_write_a_bucket_that_both_may_read() -> None:
    watching = permissions(Wiring(service="one", watches=(Demand,)))
    writing = permissions(Wiring(service="one", watches=(CameraConfig,), writes=(Demand,)))

    assert set(watching.publish) == {
        "$JS.API.CONSUMER.CREATE.KV_demand",
        "$JS.API.STREAM.INFO.KV_demand",
        "$JS.API.STREAM.MSG.GET.KV_demand",
        "$JS.FC.KV_demand.>",
        "$JS.FC.*.*.KV_demand.>",
    }
    assert set(writing.publish) > {*watching.publish, "$KV.demand.>"}
    assert "$KV.cameras.>" not in writing.publish


def test_a_service_may_write_its_own_state_only() -> None:
    found = permissions(Wiring(service="one", writes=(ServiceState,)))

    assert "$KV.services.one.>" in found.publish
    assert "$KV.services.>" not in found.publish


def test_only_a_sender_may_send_live_parts_and_only_a_follower_follow_them() -> None:
    sending = set(permissions(Wiring(service="one", sends_live=True)).publish)
    following = set(permissions(Wiring(service="one", follows_live=True)).publish)

    assert sending - following == {"$JS.API.STREAM.CREATE.LIVE", "everframe.live.part.*.*.*"}
    assert following - sending == {
        "$JS.API.CONSUMER.CREATE.LIVE",
        "$JS.FC.LIVE.>",
        "$JS.FC.*.*.LIVE.>",
    }


def test_only_who_answers_may_listen_to_questions_and_reply_to_them() -> None:
    asking = permissions(Wiring(service="one", asks=(CancelScan,)))
    answering = permissions(Wiring(service="other", answers=(CancelScan,)))

    assert asking.publish == ("everframe.ask.cancel-scan.*",)
    assert asking.subscribe == ("_INBOX.one.>",)
    assert not asking.may_answer
    assert answering.publish == ()
    assert answering.subscribe == ("_INBOX.other.>", "everframe.ask.cancel-scan.*")
    assert answering.may_answer
