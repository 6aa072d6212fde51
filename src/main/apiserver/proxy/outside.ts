// Connections from the API server itself to endpoints that are no pods': of Services whose endpoints somebody wrote.
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { ApiError } from '../../../shared/machinery/status.ts'
import type { NodeDialer, NodeTarget } from './node-tunnels.ts'

const CONNECT_MS = 10_000

function dial(target: NodeTarget): Promise<Duplex> {
  const { hostname, port } = new URL(`tcp://${target}`)
  const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port), timeout: CONNECT_MS })
  return new Promise((resolve, reject) => {
    const fail = (why: string) => {
      socket.destroy()
      reject(new ApiError(503, 'ServiceUnavailable', `error trying to reach service: ${why}`))
    }
    socket.once('timeout', () => fail(`${target} does not answer`))
    socket.once('error', ({ message }) => fail(message))
    socket.once('connect', () => {
      socket.removeAllListeners('error').removeAllListeners('timeout').setTimeout(0)
      socket.on('error', () => socket.destroy())
      resolve(socket)
    })
  })
}

/** Goes through a node's link where a node is named, and straight from here where none is. */
export const nodesAndOutside = (nodes: NodeDialer): NodeDialer => ({
  dial: (nodeName, target) => (nodeName === '' ? dial(target) : nodes.dial(nodeName, target)),
})
