import { Link } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import type { Device } from "../../api.ts";
import { useSeen } from "../../ui/use-seen.ts";
import { watchGlances } from "./glances.ts";

/** What a phone shows, small, anew every few seconds while the reader sees it. */
export function Thumbnail({ device: { deviceId, state } }: { readonly device: Device }) {
  const frame = useRef<HTMLAnchorElement>(null);
  const isSeen = useSeen(frame) && state === "running";
  const [address, setAddress] = useState<string | null>(null);
  useEffect(() => {
    if (!isSeen) return undefined;
    const left = new AbortController();
    void watchGlances(deviceId, left.signal, (picture) => {
      if (!left.signal.aborted) setAddress(URL.createObjectURL(picture));
    });
    return () => left.abort();
  }, [deviceId, isSeen]);
  useEffect(() => () => void (address !== null && URL.revokeObjectURL(address)), [address]);
  return (
    <Link
      ref={frame}
      className="thumbnail"
      to="/phones/$device"
      params={{ device: deviceId }}
      // Where the card's own link leads as well.
      aria-hidden
      tabIndex={-1}
    >
      {address !== null && state === "running" && (
        <img src={address} alt="" data-testid="thumbnail" />
      )}
    </Link>
  );
}
