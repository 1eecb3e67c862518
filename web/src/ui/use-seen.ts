import { type RefObject, useEffect, useState } from "react";

/** Whether any of it is in the reader's window, and the window in front. */
export function useSeen(frame: RefObject<HTMLElement | null>): boolean {
  const [isInside, setInside] = useState(false);
  const [isInFront, setInFront] = useState(!document.hidden);
  useEffect(() => {
    const look = (): void => setInFront(!document.hidden);
    document.addEventListener("visibilitychange", look);
    const observer = new IntersectionObserver(([entry]) =>
      setInside(entry?.isIntersecting ?? false),
    );
    if (frame.current) observer.observe(frame.current);
    return () => {
      document.removeEventListener("visibilitychange", look);
      observer.disconnect();
    };
  }, [frame]);
  return isInside && isInFront;
}
