// Connections to ports of a pod: at the pod's address, or, for what listens on its loopback alone, from inside its
// network. There a short-lived process connects and hands the connection over; an agent cannot be in two networks.
import { spawn } from 'node:child_process'
import { type Socket, connect } from 'node:net'
import PQueue from 'p-queue'
import type { Pod } from '../../shared/api/core/v1.ts'
import type { ContainerRuntime } from '../kubelet/runtime/contract.ts'
import { searchPath } from '../network/exec.ts'

const DIAL = `
const socket = require('net').connect({ host: 'localhost', port: Number(process.argv[1]), allowHalfOpen: true })
const tell = (message, handle) => process.send(message, handle, () => process.exit())
socket.on('connect', () => tell('connected', socket)).on('error', error => tell(error.message || error.code))
`
const DIAL_TIMEOUT_MS = 10_000
/** Processes at a time in the network of one pod: whoever asks for more ports of it waits. */
const MOST_AT_ONCE = 4

/**
 * @param signal aborts when nobody wants it any more: whoever waits behind then waits no longer than they must
 * @throws Error when nothing in the pod listens on the port
 */
export async function connectToPort(
  runtime: ContainerRuntime,
  pod: Pod,
  port: number,
  signal?: AbortSignal,
): Promise<Socket> {
  try {
    return await connectTo(pod.status.podIP ?? '', port)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ECONNREFUSED') throw error
    const { sandboxes } = await runtime.pod(pod.metadata.uid)
    const pid = sandboxes.find(({ state }) => state === 'running')?.pid
    if (!pid) throw error
    return inTurn(pid, () => {
      signal?.throwIfAborted()
      return connectInside(pid, port)
    })
  }
}

/** By the process whose network it is. */
const queues = new Map<number, PQueue>()

async function inTurn(pid: number, connecting: () => Promise<Socket>): Promise<Socket> {
  let queue = queues.get(pid)
  if (!queue) queues.set(pid, (queue = new PQueue({ concurrency: MOST_AT_ONCE })))
  try {
    return await queue.add(connecting)
  } finally {
    if (queue.size === 0 && queue.pending === 0 && queues.get(pid) === queue) queues.delete(pid)
  }
}

const connectTo = (host: string, port: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host, port, allowHalfOpen: true })
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      resolve(socket)
    })
  })

/** @param pid of a process in the network */
const connectInside = (pid: number, port: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const argv = ['-t', String(pid), '-n', '--', process.execPath, '-e', DIAL, String(port)]
    const child = spawn('nsenter', argv, {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      env: { ...process.env, PATH: searchPath },
      timeout: DIAL_TIMEOUT_MS,
      killSignal: 'SIGKILL',
    })
    child.once('message', (message, handle) => {
      if (!handle) return reject(new Error(String(message)))
      const socket = handle as Socket
      socket.allowHalfOpen = true
      resolve(socket)
    })
    child.once('error', reject)
    child.once('disconnect', () => reject(new Error('the way into the network of the pod failed')))
  })
