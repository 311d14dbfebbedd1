/** The fields of a camera, for adding and changing one. */

import { NumberField, Select, Switch, TextField } from "../ui";
import css from "./camera-page.module.css";
import type { Settings } from "./changes";

interface Props {
  values: Settings;
  /** It is a channel of a device, which tells its addresses. */
  isOfDevice: boolean;
  isReadOnly: boolean;
  onChange(values: Settings): void;
}

const TRANSPORTS = [
  { id: "tcp", label: "TCP (nothing is lost)" },
  { id: "udp", label: "UDP" },
];
const AUDIO = [
  { id: "keep", label: "Record it" },
  { id: "off", label: "Leave it out" },
];
const LENGTHS = [10, 15, 20, 30, 60, 120, 300, 600, 900, 1800, 3600];

export function AddressFields({ values, isOfDevice, isReadOnly, onChange }: Props) {
  return (
    <>
      <TextField
        label="Name"
        name="name"
        value={values.name}
        onChange={(name) => onChange({ ...values, name })}
        isRequired
        isReadOnly={isReadOnly}
        maxLength={100}
      />
      {!isReadOnly && <StreamFields values={values} isOfDevice={isOfDevice} onChange={onChange} />}
    </>
  );
}

/** The API keeps the addresses from those who may only look. */
function StreamFields({ values, isOfDevice, onChange }: Omit<Props, "isReadOnly">) {
  const isTls = values.url.startsWith("rtsps:");
  return (
    <>
      <TextField
        label="RTSP address"
        name="url"
        spellCheck="false"
        inputMode="url"
        placeholder="rtsp://192.0.2.10:554/stream1"
        hint={isOfDevice ? "The device told it." : "Without user name and password."}
        value={values.url}
        onChange={(url) => onChange({ ...values, url: url.trim() })}
        isRequired
      />
      <TextField
        label="RTSP address of the small stream"
        name="sub_url"
        spellCheck="false"
        inputMode="url"
        hint="For watching many cameras at once; may be left empty. It is not recorded."
        value={values.sub_url}
        onChange={(sub_url) => onChange({ ...values, sub_url: sub_url.trim() })}
      />
      {isTls && (
        <Switch
          isSelected={values.verify_tls}
          onChange={(verify_tls) => onChange({ ...values, verify_tls })}
        >
          Check the camera's certificate (most cameras sign their own)
        </Switch>
      )}
    </>
  );
}

export function RecordingFields({ values, isOfDevice, isReadOnly, onChange }: Props) {
  return (
    <>
      <div className={css.pair}>
        <Select
          label="Transport"
          name="transport"
          options={TRANSPORTS}
          value={values.transport}
          isDisabled={isReadOnly}
          onChange={(id) => onChange({ ...values, transport: id === "udp" ? "udp" : "tcp" })}
        />
        <Select
          label="Sound"
          name="audio"
          options={AUDIO}
          value={values.audio}
          isDisabled={isReadOnly}
          onChange={(id) => onChange({ ...values, audio: id === "off" ? "off" : "keep" })}
        />
        <Select
          label="Length of a recording"
          name="recording_seconds"
          options={lengthsWith(values.recording_seconds)}
          value={String(values.recording_seconds)}
          isDisabled={isReadOnly}
          onChange={(id) => onChange({ ...values, recording_seconds: Number(id) })}
        />
        <NumberField
          label="Live part (seconds)"
          name="part_seconds"
          hint="0.1 to 1; shorter is closer to live."
          minValue={0.1}
          maxValue={1}
          step={0.05}
          value={values.part_seconds}
          isReadOnly={isReadOnly}
          onChange={(part_seconds) => onChange({ ...values, part_seconds })}
        />
      </div>
      {isOfDevice && (
        <NumberField
          label="List the device's own footage every (seconds)"
          name="footage_check_seconds"
          hint="0: never. What only the device has is shown in the timeline."
          minValue={0}
          maxValue={86_400}
          value={values.footage_check_seconds}
          isReadOnly={isReadOnly}
          onChange={(seconds) => onChange({ ...values, footage_check_seconds: seconds })}
        />
      )}
    </>
  );
}

/** Also a length that only the API was told. */
function lengthsWith(seconds: number): { id: string; label: string }[] {
  const all = LENGTHS.includes(seconds) ? LENGTHS : [...LENGTHS, seconds].sort((a, b) => a - b);
  return all.map((each) => ({
    id: String(each),
    label: each < 60 || each % 60 !== 0 ? `${each} seconds` : minutes(each / 60),
  }));
}

const minutes = (count: number): string => (count === 1 ? "1 minute" : `${count} minutes`);
