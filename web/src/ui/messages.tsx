import { message } from "antd";
import { createContext, type PropsWithChildren, useContext } from "react";

type Messages = ReturnType<typeof message.useMessage>[0];

const MessagesContext = createContext<Messages | null>(null);

/** Where short messages appear. Of Ant Design's `App` this part alone: the rest of it weighs 20 kB, and nothing here uses it. */
export function MessagesPlace({ children }: PropsWithChildren) {
  const [messages, place] = message.useMessage();
  return (
    <MessagesContext value={messages}>
      {place}
      {children}
    </MessagesContext>
  );
}

/** Says something shortly, in a corner of the page. */
export function useMessages(): Messages {
  const messages = useContext(MessagesContext);
  if (!messages) throw new Error("this part of the page is outside of MessagesPlace");
  return messages;
}
