export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Where a picture lies in an element that shows it whole, centred, with bars (`object-fit: contain`). */
export function pictureBox(element: Size, picture: Size): { x: number; y: number } & Size {
  const scale = Math.min(element.width / picture.width, element.height / picture.height);
  const [width, height] = [picture.width * scale, picture.height * scale];
  return { x: (element.width - width) / 2, y: (element.height - height) / 2, width, height };
}

/** A place in the element as shares of the picture; beyond its edges below 0 or above 1, but never far. */
export function shareOf(
  place: { x: number; y: number },
  element: Size,
  picture: Size,
): { x: number; y: number } {
  const box = pictureBox(element, picture);
  const held = (share: number): number => Math.max(-1, Math.min(2, share));
  return { x: held((place.x - box.x) / box.width), y: held((place.y - box.y) / box.height) };
}
