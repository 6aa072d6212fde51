// Servers that answer 101 to who asked for no other protocol. Node's client closes such a connection and tells nobody:
// no answer comes, no error, and no signal ends the wait any more.

/** A request of Node's. */
interface Sent {
  once(event: string, heard: (answer: unknown, socket: { destroy(): unknown }) => void): unknown
  emit(event: string, answer: unknown): boolean
}

/** @returns the request, whose answer is then one of status 101 without a body */
export function withoutUpgrade<T extends Sent>(sent: T): T {
  sent.once('upgrade', (answer, socket) => {
    socket.destroy()
    sent.emit('response', answer)
  })
  return sent
}
