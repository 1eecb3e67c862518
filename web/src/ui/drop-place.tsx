import { InboxOutlined } from "@ant-design/icons";
import { type ChangeEvent, type DragEvent, useState } from "react";

interface DropPlaceProps {
  readonly label: string;
  /** Ends of names that may be chosen: ".apk"; else any file. */
  readonly accept?: string;
  onFiles(files: readonly File[]): void;
}

/** A place to drop files on, or to choose them. */
export function DropPlace({ label, accept, onFiles }: DropPlaceProps) {
  const [isOver, setOver] = useState(false);
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    onFiles([...event.dataTransfer.files]);
  };
  const choose = ({ currentTarget }: ChangeEvent<HTMLInputElement>): void => {
    onFiles([...(currentTarget.files ?? [])]);
    currentTarget.value = "";
  };
  return (
    <label
      className={isOver ? "upload-place over" : "upload-place"}
      onDrop={drop}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
    >
      <InboxOutlined />
      <span>{label}</span>
      <input type="file" multiple accept={accept} aria-label={label} onChange={choose} />
    </label>
  );
}
