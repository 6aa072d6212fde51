// Opens a UDP socket at an address.
import type { Socket } from 'node:dgram'

/** @throws Error when the port is taken or the address is not this machine's */
export const bindUdp = (socket: Socket, port: number, address: string): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.bind({ port, address, exclusive: true }, () => {
      socket.removeListener('error', reject)
      resolve()
    })
  })
