// A volume of a CSI driver that cannot be mounted now; the message is the whole of what the event says.

export class CsiError extends Error {
  override readonly name = 'CsiError'
}
