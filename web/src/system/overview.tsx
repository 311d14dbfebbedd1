/** Services, what they say of themselves, and what the footage occupies. */

import { useQuery } from "@tanstack/react-query";
import { CircleCheck, TriangleAlert } from "lucide-react";
import { useCameras } from "../api/cameras";
import { api, call, type Schemas } from "../api/client";
import { messageOf } from "../api/errors";
import {
  Badge,
  Button,
  Bytes,
  ErrorNote,
  formatSeconds,
  Panel,
  Progress,
  Spinner,
  Table,
  Time,
} from "../ui";
import { figureText, shareOf, spoolOf } from "./figures";
import css from "./overview.module.css";

type Service = Schemas["ServiceView"];

const REFRESH_MS = 10_000;
const STORAGE_REFRESH_MS = 60_000;

export function Overview() {
  return (
    <div className={css.overview}>
      <Services />
      <Storage />
    </div>
  );
}

const SERVICE_COLUMNS = [
  { id: "service", label: "Service" },
  { id: "state", label: "State" },
  { id: "version", label: "Version" },
  { id: "since", label: "Running since" },
  { id: "figures", label: "What it says" },
] as const;

function Services() {
  const { data, error, refetch } = useQuery({
    queryKey: ["services"],
    queryFn: ({ signal }) => call(api.GET("/api/v1/system/services", { signal })),
    refetchInterval: REFRESH_MS,
  });
  if (data === undefined) {
    if (error === null) return <Spinner label="Loading services" isLabelShown />;
    return (
      <ErrorNote title="Services cannot be listed" text={messageOf(error)}>
        <Button onPress={() => void refetch()}>Try again</Button>
      </ErrorNote>
    );
  }
  return (
    <Panel title="Services">
      {error !== null && <ErrorNote tone="busy" text={messageOf(error)} />}
      <Table label="Services" columns={SERVICE_COLUMNS}>
        {data.map((service) => (
          <ServiceRow key={`${service.service} ${service.instance}`} service={service} />
        ))}
      </Table>
    </Panel>
  );
}

function ServiceRow({ service }: { service: Service }) {
  const spool = spoolOf(service.figures);
  const isUp = service.state === "up";
  return (
    <tr>
      <th scope="row">
        {service.service} <span className={css.dim}>{service.instance}</span>
      </th>
      <td>
        {isUp ? (
          <Badge tone="good" icon={CircleCheck}>
            up
          </Badge>
        ) : (
          <Badge tone="bad" icon={TriangleAlert}>
            silent since <Time at={service.seen_at} shape="clock" />
          </Badge>
        )}
      </td>
      <td>{service.version}</td>
      <td>
        <Time at={service.started_at} />
      </td>
      <td>
        <ul className={css.figures}>
          {service.figures.map((figure) => (
            <li key={figure.name}>
              <span className={css.dim}>{figure.label}</span> {figureText(figure)}
            </li>
          ))}
        </ul>
        {spool !== null && <Progress label="Spool used" value={spool.used} max={spool.limit} />}
      </td>
    </tr>
  );
}

const STORAGE_COLUMNS = [
  { id: "camera", label: "Camera" },
  { id: "bytes", label: "Size", align: "right" },
  { id: "share", label: "Share", align: "right" },
  { id: "seconds", label: "Recorded", align: "right" },
  { id: "objects", label: "Recordings", align: "right" },
  { id: "oldest", label: "Oldest" },
  { id: "newest", label: "Newest" },
] as const;

function Storage() {
  const cameras = useCameras();
  const { data, error, refetch } = useQuery({
    queryKey: ["storage"],
    queryFn: ({ signal }) => call(api.GET("/api/v1/storage", { signal })),
    refetchInterval: STORAGE_REFRESH_MS,
  });
  if (data === undefined) {
    if (error === null) return <Spinner label="Loading the store's use" isLabelShown />;
    return (
      <ErrorNote title="The store's use cannot be shown" text={messageOf(error)}>
        <Button onPress={() => void refetch()}>Try again</Button>
      </ErrorNote>
    );
  }
  const names = new Map((cameras.data ?? []).map((each) => [each.camera_id, each.name]));
  return (
    <Panel title="Object store">
      <p>
        <strong>
          <Bytes bytes={data.bytes} />
        </strong>{" "}
        in {data.objects} recordings, {formatSeconds(data.seconds)} of footage.
      </p>
      {data.cameras.length > 0 && (
        <Table label="What each camera's footage occupies" columns={STORAGE_COLUMNS}>
          {[...data.cameras]
            .sort((a, b) => b.bytes - a.bytes)
            .map((camera) => (
              <tr key={camera.camera_id}>
                <th scope="row">{names.get(camera.camera_id) ?? camera.camera_id}</th>
                <td data-align="right">
                  <Bytes bytes={camera.bytes} />
                </td>
                <td data-align="right">{shareOf(camera.bytes, data.bytes)}</td>
                <td data-align="right">{formatSeconds(camera.seconds)}</td>
                <td data-align="right">{camera.objects}</td>
                <td>
                  <Time at={camera.oldest} />
                </td>
                <td>
                  <Time at={camera.newest} />
                </td>
              </tr>
            ))}
        </Table>
      )}
    </Panel>
  );
}
