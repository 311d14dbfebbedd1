"""What is wrong with a camera at the moment."""

from dataclasses import dataclass


@dataclass(slots=True)
class FaultState:
    """All faults that last; the defaults are a healthy camera."""

    refuses: bool = False
    """New connections are closed at once."""
    stalls: bool = False
    """Connections stay open and nothing is sent."""
    stalls_media_only: bool = False
    """With `stalls`: requests are still answered."""
    frozen_at: float | None = None
    """Media time that all packets carry; None runs."""
    jump_seconds: float = 0.0
    """Added to all RTP times."""
    clock_step_seconds: float = 0.0
    """Added to the NTP time of sender reports."""
    mutes_rtcp: bool = False
    mutes_audio: bool = False
    drops_keyframes: bool = False
    loss_probability: float = 0.0
    lose_next: int = 0

    @property
    def loses_packets(self) -> bool:
        """Whether each packet must be asked about."""
        return self.lose_next > 0 or self.loss_probability > 0

    def takes_packet(self, chance: float) -> bool:
        """Whether the next packet is lost; `chance` is random, 0 to 1."""
        if self.lose_next > 0:
            self.lose_next -= 1
            return True
        return chance < self.loss_probability
