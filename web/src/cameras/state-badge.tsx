import {
  Circle,
  CircleAlert,
  CircleDot,
  CircleHelp,
  KeyRound,
  LoaderCircle,
  type LucideIcon,
  WifiOff,
} from "lucide-react";
import { Badge } from "../ui";
import type { Described, Kind } from "./state";

const ICONS: Record<Kind, LucideIcon> = {
  recording: CircleDot,
  idle: Circle,
  connecting: LoaderCircle,
  offline: WifiOff,
  unauthorized: KeyRound,
  error: CircleAlert,
  unknown: CircleHelp,
};

/** A camera's state as a mark with words. */
export function StateBadge({ described }: { described: Described }) {
  const { kind, label, tone, detail } = described;
  return (
    <Badge tone={tone} icon={ICONS[kind]} title={detail}>
      {label}
    </Badge>
  );
}
