/** Adds cameras: found by a scan, or by their RTSP address. */

import { useState } from "react";
import { Dialog, Tabs } from "../ui";
import { AddByAddress } from "./add-by-address";
import { AddByScan } from "./add-by-scan";

interface Props {
  isOpen: boolean;
  onClose(): void;
}

export function AddDialog({ isOpen, onClose }: Props) {
  return (
    <Dialog title="Add cameras" isOpen={isOpen} onClose={onClose} isWide isModal>
      <Ways onClose={onClose} />
    </Dialog>
  );
}

function Ways({ onClose }: { onClose(): void }) {
  const [way, setWay] = useState("scan");
  const [url, setUrl] = useState("");
  const tabs = [
    {
      id: "scan",
      label: "Look in the network",
      content: (
        <AddByScan
          onClose={onClose}
          onAddress={(found) => {
            setUrl(found);
            setWay("address");
          }}
        />
      ),
    },
    {
      id: "address",
      label: "By RTSP address",
      content: <AddByAddress key={url} url={url} onClose={onClose} />,
    },
  ];
  return <Tabs label="How to add" tabs={tabs} selected={way} onChange={setWay} />;
}
