/** What the footage of each camera occupies in the object store. */

import { useQuery } from "@tanstack/react-query";
import { useCameras } from "../api/cameras";
import { api, call, type Schemas } from "../api/client";
import { messageOf } from "../api/errors";
import { Badge, Button, Bytes, ErrorNote, formatSeconds, Panel, Spinner, Table, Time } from "../ui";
import cards from "./cards.module.css";
import { bytesPerDay, shareOf } from "./figures";
import css from "./overview.module.css";
import { Bar } from "./usage-bar";

type CameraStorage = Schemas["CameraStorage"];

const REFRESH_MS = 60_000;
const COLUMNS = [
  { id: "camera", label: "Camera" },
  { id: "bytes", label: "Size", align: "right" },
  { id: "share", label: "Share" },
  { id: "seconds", label: "Recorded", align: "right" },
  { id: "rate", label: "A day takes", align: "right" },
  { id: "objects", label: "Recordings", align: "right" },
  { id: "oldest", label: "Oldest" },
  { id: "newest", label: "Newest" },
] as const;

export function Storage() {
  const cameras = useCameras().data;
  const { data, error, refetch } = useQuery({
    queryKey: ["storage"],
    queryFn: ({ signal }) => call(api.GET("/api/v1/storage", { signal })),
    refetchInterval: REFRESH_MS,
  });
  if (data === undefined) {
    if (error === null) return <Spinner label="Loading the store's use" isLabelShown />;
    return (
      <ErrorNote title="The store's use cannot be shown" text={messageOf(error)}>
        <Button onPress={() => void refetch()}>Try again</Button>
      </ErrorNote>
    );
  }
  const names = new Map(cameras?.map(({ camera_id, name }) => [camera_id, name]));
  const largestFirst = [...data.cameras].sort((a, b) => b.bytes - a.bytes);
  return (
    <Panel title="Object store">
      {data.objects === 0 ? (
        <p>Nothing is stored yet. The first recording arrives when its file is complete.</p>
      ) : (
        <p>
          <strong>
            <Bytes bytes={data.bytes} />
          </strong>{" "}
          in {data.objects.toLocaleString("en-GB")} recordings, {formatSeconds(data.seconds)} of
          footage.
        </p>
      )}
      {largestFirst.length > 0 && (
        <div className={cards.table}>
          <Table label="What each camera's footage occupies" columns={COLUMNS}>
            {largestFirst.map((camera) => (
              <CameraRow
                key={camera.camera_id}
                camera={camera}
                total={data.bytes}
                name={names.get(camera.camera_id)}
                isDeleted={cameras !== undefined && !names.has(camera.camera_id)}
              />
            ))}
          </Table>
        </div>
      )}
    </Panel>
  );
}

interface CameraRowProps {
  camera: CameraStorage;
  /** Bytes of all cameras. */
  total: number;
  name: string | undefined;
  isDeleted: boolean;
}

function CameraRow({ camera, total, name, isDeleted }: CameraRowProps) {
  const perDay = bytesPerDay(camera.bytes, camera.seconds);
  return (
    <tr>
      <th scope="row">
        {name ?? camera.camera_id} {isDeleted && <Badge>deleted</Badge>}
      </th>
      <td data-label="Size" data-align="right">
        <Bytes bytes={camera.bytes} />
      </td>
      <td data-label="Share">
        <span className={css.share}>
          <Bar percent={total > 0 ? (100 * camera.bytes) / total : 0} />
          {shareOf(camera.bytes, total)}
        </span>
      </td>
      <td data-label="Recorded" data-align="right">
        {formatSeconds(camera.seconds)}
      </td>
      <td data-label="A day takes" data-align="right">
        {perDay === null ? "–" : <Bytes bytes={Math.round(perDay)} />}
      </td>
      <td data-label="Recordings" data-align="right">
        {camera.objects.toLocaleString("en-GB")}
      </td>
      <td data-label="Oldest">
        <Time at={camera.oldest} />
      </td>
      <td data-label="Newest">
        <Time at={camera.newest} />
      </td>
    </tr>
  );
}
