// Debugging by containers made for it: one that joins a running pod, or a pod on a node with the node's file system.
// @see https://kubernetes.io/docs/tasks/debug/debug-application/debug-running-pod/ and kubectl debug
import { defineStore } from 'pinia'
import { useLocalStorage } from '@vueuse/core'
import { shallowRef } from 'vue'
import { type EphemeralContainer, Node, Pod } from '../../shared/api/core/v1.ts'
import type { Draft } from '../../shared/machinery/object.ts'
import { connection } from '../api/connection.ts'
import { useDockStore } from '../stores/dock.ts'

/** The best shell that the image has. */
export const SHELL = [
  '/bin/sh',
  '-c',
  'TERM=xterm-256color; export TERM; if command -v bash >/dev/null 2>&1; then exec bash; else exec sh; fi',
] as const

/** The node's own shell when its file system and a chroot are there, else one of the image that sees it under /host. */
export const NODE_SHELL = [
  '/bin/sh',
  '-c',
  'TERM=xterm-256color; export TERM; if [ -x /host/bin/sh ] && command -v chroot >/dev/null 2>&1; then ' +
    "exec chroot /host /bin/sh -c 'cd; if command -v bash >/dev/null 2>&1; then exec bash; else exec sh; fi'; " +
    'else cd /host; exec sh; fi',
] as const

/** Before a command: it runs among the node's files, with the node's own programs, so that links lead where they do there. */
export const ON_NODE = ['chroot', '/host'] as const

/** Nobody works longer in one shell; a window that crashed leaves its pod no longer than this. */
const NODE_POD_SECONDS = 12 * 3600
const DEFAULT_IMAGE = 'busybox'

const suffix = (): string => Math.random().toString(36).slice(2, 7).padEnd(5, '0')

/** As `kubectl debug POD --image --target` makes it, with a shell for sure. */
export const debugContainer = (name: string, image: string, target: string): EphemeralContainer => ({
  name,
  image,
  command: [...SHELL],
  imagePullPolicy: 'IfNotPresent',
  stdin: true,
  tty: true,
  terminationMessagePolicy: 'File',
  ...(target ? { targetContainerName: target } : {}),
})

/** As `kubectl debug node/NAME` makes it: the node's network, processes and file system, without more privilege. */
export const nodeDebugPod = (node: string, image: string, name: string): Draft<Pod> => ({
  metadata: {
    name,
    namespace: 'default',
    labels: { 'app.kubernetes.io/managed-by': 'flotilla-node-shell' },
  },
  spec: {
    nodeName: node,
    hostNetwork: true,
    hostPID: true,
    hostIPC: true,
    restartPolicy: 'Never',
    enableServiceLinks: false,
    automountServiceAccountToken: false,
    activeDeadlineSeconds: NODE_POD_SECONDS,
    terminationGracePeriodSeconds: 0,
    tolerations: [{ operator: 'Exists' }],
    volumes: [{ name: 'host-root', hostPath: { path: '/' } }],
    containers: [
      {
        name: 'debugger',
        image,
        imagePullPolicy: 'IfNotPresent',
        command: ['sleep', String(NODE_POD_SECONDS)],
        volumeMounts: [{ name: 'host-root', mountPath: '/host' }],
      },
    ],
  },
})

/** Images that are on a node already, without digests, shortest first: nothing has to be pulled for them. */
export const imagesOn = (node: Node | undefined): string[] =>
  (node?.status.images ?? [])
    .flatMap(({ names }) => (names ?? []).filter(name => !name.includes('@')).slice(0, 1))
    .sort((a, b) => a.length - b.length)

export type DebugTarget =
  | { readonly kind: 'pod'; readonly pod: Pod; readonly container: string }
  | { readonly kind: 'node'; readonly node: string; readonly to: 'shell' | 'files' }

export const useDebugStore = defineStore('debug', () => {
  /** What the dialog asks about. */
  const asked = shallowRef<DebugTarget>()
  const image = useLocalStorage('flotilla.debug-image', DEFAULT_IMAGE)

  async function debugPod(pod: Pod, target: string): Promise<void> {
    const { name, namespace } = pod.metadata
    const container = `debugger-${suffix()}`
    const ephemeralContainers = [debugContainer(container, image.value, target)]
    await connection.client.patch(
      Pod,
      { namespace, name },
      { spec: { ephemeralContainers } },
      { type: 'strategic', subresource: 'ephemeralcontainers' },
    )
    useDockStore().open({
      kind: 'terminal',
      use: 'debug',
      title: `${name} · debug`,
      pod: { namespace, name },
      container,
    })
  }

  async function debugNode(node: string, to: 'shell' | 'files'): Promise<void> {
    const name = `node-debugger-${node.slice(0, 200)}-${suffix()}`
    await connection.client.create(Pod, nodeDebugPod(node, image.value, name))
    const pod = { namespace: 'default', name }
    const container = 'debugger'
    if (to === 'files') useDockStore().open({ kind: 'files', title: node, pod, container, node })
    else useDockStore().open({ kind: 'terminal', use: 'node', title: node, pod, container })
  }

  return { asked, image, debugPod, debugNode }
})
