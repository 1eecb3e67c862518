import { useLayoutEffect, useRef, useState } from "react";
import type { LogLine } from "./log-lines.ts";

/** Of styles.css. */
const linePx = 18;
const spareLines = 20;

interface LogViewProps {
  readonly lines: readonly LogLine[];
  readonly label: string;
}

/** Lines of which only those are drawn that can be seen. Stays at the end as long as the reader is there. */
export function LogView({ lines, label }: LogViewProps) {
  const element = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(600);
  useLayoutEffect(() => {
    const box = element.current;
    if (!box) return;
    if (box.clientHeight > 0) setHeight(box.clientHeight);
    if (isAtEnd.current) box.scrollTop = box.scrollHeight;
  }, [lines]);
  const onScroll = (): void => {
    const box = element.current;
    if (!box) return;
    isAtEnd.current = box.scrollHeight - box.scrollTop - box.clientHeight < linePx * 2;
    setTop(box.scrollTop);
  };
  const first = Math.max(0, Math.floor(top / linePx) - spareLines);
  const drawn = lines.slice(first, first + Math.ceil(height / linePx) + 2 * spareLines);
  return (
    <div
      className="log"
      ref={element}
      onScroll={onScroll}
      role="region"
      aria-label={label}
      tabIndex={0}
    >
      <div
        style={{
          height: lines.length * linePx,
          paddingTop: first * linePx,
          boxSizing: "border-box",
        }}
      >
        {drawn.map(({ id, text, level }) => (
          <div key={id} className="log-line" data-level={level}>
            {text}
          </div>
        ))}
      </div>
    </div>
  );
}
