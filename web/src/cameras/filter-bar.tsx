import type { Ref } from "react";
import type { Group } from "../api/groups";
import { SearchField, Select } from "../ui";
import css from "./cameras.module.css";
import { type Filter, STATES } from "./filter";

const ALL = "";

interface Props {
  ref: Ref<HTMLDivElement>;
  filter: Filter;
  groups: readonly Group[];
  count: number;
  total: number;
  onChange(filter: Filter): void;
}

/** Search, state and group; how many that leaves is read aloud. */
export function FilterBar({ ref, filter, groups, count, total, onChange }: Props) {
  const options = [
    { id: ALL, label: "All groups" },
    ...groups.map(({ group_id, name }) => ({ id: group_id, label: name })),
  ];
  return (
    <search className={css.filters}>
      <div ref={ref} className={css.search}>
        <SearchField
          label="Search cameras"
          placeholder="Name, address or id"
          value={filter.search}
          onChange={(search) => onChange({ ...filter, search })}
        />
      </div>
      <Select
        label="State"
        isLabelHidden
        className={css.select ?? ""}
        options={STATES}
        value={filter.state}
        onChange={(id) =>
          onChange({ ...filter, state: STATES.find((each) => each.id === id)?.id ?? "all" })
        }
      />
      {groups.length > 0 && (
        <Select
          label="Group"
          isLabelHidden
          className={css.select ?? ""}
          options={options}
          value={filter.group ?? ALL}
          onChange={(id) => onChange({ ...filter, group: id === ALL ? null : id })}
        />
      )}
      <p role="status" className={css.count}>
        {countText(count, total)}
      </p>
    </search>
  );
}

function countText(count: number, total: number): string {
  const cameras = total === 1 ? "1 camera" : `${total} cameras`;
  return count === total ? cameras : `${count} of ${cameras}`;
}
