// DNS over TCP: each message with its length, two bytes, in front (RFC 1035 section 4.2.2).

export function frame(message: Buffer): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(message.length)
  return Buffer.concat([length, message])
}

/** Cuts a byte stream into messages. */
export class MessageReader {
  #rest: Buffer = Buffer.alloc(0)

  /** @returns the messages that are complete with this chunk */
  push(chunk: Buffer): Buffer[] {
    this.#rest = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk
    const messages: Buffer[] = []
    while (this.#rest.length >= 2) {
      const end = 2 + this.#rest.readUInt16BE(0)
      if (this.#rest.length < end) break
      messages.push(this.#rest.subarray(2, end))
      this.#rest = this.#rest.subarray(end)
    }
    return messages
  }
}
