import { Input } from "antd";
import { useEffect, useRef, useState } from "react";

interface SearchBoxProps {
  readonly label: string;
  /** What is looked for now. */
  readonly value: string;
  /** Called when the reader has stopped typing for a moment. */
  onChange(value: string): void;
}

const restMs = 300;
const maxLength = 100;

export function SearchBox({ label, value, onChange }: SearchBoxProps) {
  const [typed, setTyped] = useState(value);
  const tell = useRef(onChange);
  tell.current = onChange;
  useEffect(() => {
    if (typed.trim() === value) return undefined;
    const timer = setTimeout(() => tell.current(typed.trim()), restMs);
    return () => clearTimeout(timer);
  }, [typed, value]);
  return (
    <Input
      className="search"
      type="search"
      allowClear
      aria-label={label}
      placeholder={label}
      maxLength={maxLength}
      value={typed}
      onChange={({ target }) => setTyped(target.value)}
    />
  );
}
