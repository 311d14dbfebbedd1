/** Every process with its state, and how full the recorders' spools are. */

import { useQuery } from "@tanstack/react-query";
import { CircleCheck, TriangleAlert } from "lucide-react";
import { api, call, type Schemas } from "../api/client";
import { messageOf } from "../api/errors";
import { Badge, Button, ErrorNote, Panel, Spinner, Table, Time } from "../ui";
import cards from "./cards.module.css";
import { figureText, isAlarm, plainFigures, spoolOf } from "./figures";
import css from "./overview.module.css";
import { UsageBar } from "./usage-bar";

type Service = Schemas["ServiceView"];

const REFRESH_MS = 10_000;
const COLUMNS = [
  { id: "service", label: "Service" },
  { id: "state", label: "State" },
  { id: "version", label: "Version" },
  { id: "since", label: "Running since" },
  { id: "figures", label: "What it says" },
] as const;

export function Services() {
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
  const silent = data.filter(({ state }) => state === "silent");
  return (
    <Panel title="Services">
      {error !== null && (
        <ErrorNote tone="busy" title="This may be out of date" text={messageOf(error)} />
      )}
      {silent.length > 0 && (
        <ErrorNote
          title={`Not heard of: ${silent.map(nameOf).join(", ")}`}
          text="The process was killed, hangs, or is cut off from the bus. Its log says which; start it again if it has ended."
        />
      )}
      <div className={cards.table}>
        <Table label="Services" columns={COLUMNS}>
          {data.map((service) => (
            <ServiceRow key={nameOf(service)} service={service} />
          ))}
        </Table>
      </div>
    </Panel>
  );
}

const nameOf = ({ service, instance }: Service): string => `${service} ${instance}`;

function ServiceRow({ service }: { service: Service }) {
  return (
    <tr>
      <th scope="row">
        {service.service} <span className={css.dim}>{service.instance}</span>
      </th>
      <td data-label="State">
        <State service={service} />
      </td>
      <td data-label="Version">{service.version}</td>
      <td data-label="Running since">
        <Time at={service.started_at} />
      </td>
      <td data-cell="figures">
        <Figures service={service} />
      </td>
    </tr>
  );
}

function State({ service: { state, seen_at } }: { service: Service }) {
  if (state === "up") {
    return (
      <span>
        <Badge tone="good" icon={CircleCheck}>
          up
        </Badge>
      </span>
    );
  }
  return (
    <span>
      <Badge tone="bad" icon={TriangleAlert}>
        silent
      </Badge>{" "}
      since <Time at={seen_at} />
    </span>
  );
}

function Figures({ service: { figures } }: { service: Service }) {
  const spool = spoolOf(figures);
  return (
    <>
      <ul className={css.figures}>
        {plainFigures(figures).map((figure) => (
          <li key={figure.name}>
            <span className={css.dim}>{figure.label}</span>{" "}
            {isAlarm(figure) ? (
              <Badge tone="bad" icon={TriangleAlert}>
                {figureText(figure)}
              </Badge>
            ) : (
              figureText(figure)
            )}
          </li>
        ))}
      </ul>
      {spool !== null && <UsageBar label="Spool" {...spool} />}
    </>
  );
}
