/** The cameras as a table; on a narrow screen as a list of two lines each. */

import { EllipsisVertical } from "lucide-react";
import { memo, useMemo, useState } from "react";
import { Link } from "react-router";
import type { Group } from "../api/groups";
import { useMay } from "../app/session";
import { Badge, Button, formatBitrate, IconButton, Menu, MenuItem, Table } from "../ui";
import css from "./cameras.module.css";
import { DeleteDialog } from "./delete-dialog";
import type { Row } from "./filter";
import { livePath, playbackPath } from "./links";
import { useSwitchRecording } from "./mutations";
import { pictureText } from "./specs";
import { describeHealth, lastSeen, sinceText } from "./state";
import { StateBadge } from "./state-badge";

const COLUMNS = [
  { id: "name", label: "Camera" },
  { id: "state", label: "State" },
  { id: "health", label: "Health" },
  { id: "seen", label: "Last seen" },
  { id: "picture", label: "Picture" },
  { id: "recorded", label: "Last recording" },
  { id: "groups", label: "Groups" },
  { id: "actions", label: "Actions", isLabelHidden: true },
];

/** Drawn at once; more are drawn when they are asked for. */
const PAGE = 200;

export function CameraTable({ rows, groups }: { rows: readonly Row[]; groups: readonly Group[] }) {
  const [most, setMost] = useState(PAGE);
  const names = useMemo(
    () => new Map(groups.map(({ group_id, name }) => [group_id, name])),
    [groups],
  );
  const left = rows.length - most;
  return (
    <div className={css.table}>
      <Table label="Cameras" columns={COLUMNS}>
        {rows.slice(0, most).map((row) => (
          <CameraRow key={row.camera.camera_id} row={row} names={names} />
        ))}
      </Table>
      {left > 0 && (
        <Button className={css.more} onPress={() => setMost(most + PAGE)}>
          Show {Math.min(left, PAGE)} more
        </Button>
      )}
    </div>
  );
}

interface RowProps {
  row: Row;
  names: ReadonlyMap<string, string>;
}

/** Drawn anew only when something of this camera is another. */
const CameraRow = memo(DrawnRow, (old, now) => old.names === now.names && isSame(old.row, now.row));

const isSame = (one: Row, other: Row): boolean =>
  one.camera === other.camera &&
  one.status === other.status &&
  one.groups.join() === other.groups.join();

function DrawnRow({ row, names }: RowProps) {
  const { camera, status, described } = row;
  const nowMs = Date.now();
  const health = status?.health ?? camera.health;
  const reach = describeHealth(health);
  return (
    <tr>
      <th scope="row">
        <Link to={`/cameras/${camera.camera_id}`} className={css.name}>
          {camera.name}
        </Link>
        <span className={css.detail} title={described.detail}>
          {described.detail}
        </span>
      </th>
      <td>
        <StateBadge described={described} />
      </td>
      <td>
        <span className={css.reach} data-tone={reach.tone} title={health.detail}>
          {reach.label}
        </span>
        {health.since && <span className={css.sub}> since {sinceText(health.since, nowMs)}</span>}
      </td>
      <td>{lastSeen(health, nowMs)}</td>
      <td>
        {(status && pictureText(status.codec, status.resolution)) || "–"}
        {status && status.bitrate_bps > 0 && (
          <span className={css.sub}> {formatBitrate(status.bitrate_bps)}</span>
        )}
      </td>
      <td>{sinceText(status?.last_recording_at, nowMs)}</td>
      <td>
        <span className={css.tags}>
          {row.groups.map((id) => (
            <Badge key={id}>{names.get(id) ?? id}</Badge>
          ))}
        </span>
      </td>
      <td>
        <RowMenu row={row} />
      </td>
    </tr>
  );
}

function RowMenu({ row: { camera } }: { row: Row }) {
  const [isDeleting, setDeleting] = useState(false);
  const recording = useSwitchRecording(camera);
  const may = {
    live: useMay("live:watch"),
    footage: useMay("footage:read"),
    operate: useMay("cameras:operate"),
    write: useMay("cameras:write"),
  };
  const trigger = (
    <IconButton label={`Actions for ${camera.name}`}>
      <EllipsisVertical size={18} aria-hidden />
    </IconButton>
  );
  return (
    <>
      <Menu trigger={trigger} label={`Actions for ${camera.name}`}>
        {may.live && <MenuItem href={livePath(camera.camera_id)}>Watch live</MenuItem>}
        {may.footage && <MenuItem href={playbackPath(camera.camera_id)}>Play back</MenuItem>}
        {may.operate && (
          <MenuItem onAction={() => recording.mutate(!camera.record)}>
            {camera.record ? "Stop recording" : "Start recording"}
          </MenuItem>
        )}
        <MenuItem href={`/cameras/${camera.camera_id}`}>
          {may.write ? "Settings" : "Details"}
        </MenuItem>
        {may.write && (
          <MenuItem isDanger onAction={() => setDeleting(true)}>
            Delete…
          </MenuItem>
        )}
      </Menu>
      {isDeleting && <DeleteDialog camera={camera} isOpen onClose={() => setDeleting(false)} />}
    </>
  );
}
