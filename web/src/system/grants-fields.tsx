/** Which cameras somebody may see: all, or some by name and by group. */

import { Checkbox, CheckboxGroup, RadioGroup } from "../ui";
import css from "./access.module.css";
import type { Grants } from "./grants";
import { useNames } from "./names";

export interface GrantsFieldsProps {
  value: Grants;
  /** An admin sees everything. */
  isFixed?: boolean;
  onChange(grants: Grants): void;
}

export function GrantsFields({ value, isFixed = false, onChange }: GrantsFieldsProps) {
  const names = useNames();
  return (
    <>
      <RadioGroup
        label="Cameras"
        options={[
          { id: "all", label: "All cameras, also those added later" },
          { id: "some", label: "Only some" },
        ]}
        value={isFixed || value.all_cameras ? "all" : "some"}
        isDisabled={isFixed}
        onChange={(choice) => onChange({ ...value, all_cameras: choice === "all" })}
      />
      {!isFixed && !value.all_cameras && (
        <div className={css.grants}>
          <Choices
            label="Groups"
            empty="There is no group yet; groups are made on the Cameras page."
            names={names.groups}
            value={value.group_ids}
            onChange={(group_ids) => onChange({ ...value, group_ids })}
          />
          <Choices
            label="Single cameras"
            empty="There is no camera yet."
            names={names.cameras}
            value={value.camera_ids}
            onChange={(camera_ids) => onChange({ ...value, camera_ids })}
          />
        </div>
      )}
    </>
  );
}

interface ChoicesProps {
  label: string;
  empty: string;
  names: ReadonlyMap<string, string>;
  value: readonly string[];
  onChange(ids: string[]): void;
}

function Choices({ label, empty, names, value, onChange }: ChoicesProps) {
  return (
    <CheckboxGroup label={label} value={[...value]} onChange={onChange}>
      {names.size === 0 && <p className={css.dim}>{empty}</p>}
      {[...names].map(([id, name]) => (
        <Checkbox key={id} value={id}>
          {name}
        </Checkbox>
      ))}
    </CheckboxGroup>
  );
}
