/** Tests of found devices: does the device take the login, and does its picture really come. */

import { useState } from "react";
import { api, call, type Schemas } from "../api/client";
import { ApiError, messageOf } from "../api/errors";
import type { LoginPair } from "./login-fields";
import type { Found } from "./scan-state";
import { failureText, reportSpecs } from "./specs";

export type Probe =
  | { kind: "running" }
  | { kind: "failed"; text: string }
  /** The device answered; `picture` is what its first channel really sent. */
  | { kind: "worked"; device: Found; picture: string };

export function useProbes() {
  const [probes, setProbes] = useState<Readonly<Record<string, Probe>>>({});
  const put = (id: string, probe: Probe) => setProbes((old) => ({ ...old, [id]: probe }));
  return {
    probes,
    run: async (device: Found, login: LoginPair | null) => {
      put(device.found_id, { kind: "running" });
      put(device.found_id, await probe(device, login).catch(asFailed));
    },
    forget: () => setProbes({}),
  };
}

async function probe(found: Found, login: LoginPair | null): Promise<Probe> {
  const { host, port, driver, use_tls } = found;
  const body = { host, port, driver, use_tls, verify_tls: false, credentials: login };
  const { device, failure } = await ask({ ...body, transport: "tcp" });
  const reason = failure ?? device?.failure;
  if (reason) return { kind: "failed", text: failureText(reason) };
  if (!device?.details) return { kind: "failed", text: "It told nothing of itself. Try again." };
  const channel = device.details.channels.find(({ is_online }) => is_online);
  const url = channel?.streams[0]?.url;
  if (!url) return { kind: "failed", text: "It answers, but has no channel with a picture." };
  const seen = await ask({ url, transport: "tcp", use_tls, verify_tls: false, credentials: login });
  const why = seen.failure ?? seen.stream?.failure;
  if (why)
    return { kind: "failed", text: `The device answers, its stream does not: ${failureText(why)}` };
  return { kind: "worked", device, picture: seen.stream ? reportSpecs(seen.stream) : "" };
}

const ask = (body: Schemas["ProbeRequest"]) => call(api.POST("/api/v1/discovery/probe", { body }));

function asFailed(error: unknown): Probe {
  const fields = error instanceof ApiError ? error.fields.map(({ problem }) => problem) : [];
  return { kind: "failed", text: fields.join("; ") || messageOf(error) };
}
