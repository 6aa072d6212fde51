// Port-forwards as the user saved them. In the desktop app the main process listens on loopback; a browser cannot, and
// offers the API server's proxy and the command instead.
import { useLocalStorage } from '@vueuse/core'
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import type { ForwardSpec, ForwardStatus } from '../../preload/channels.ts'
import { line } from '../create/kubectl-command.ts'

export type ForwardKind = ForwardSpec['kind']

export interface SavedForward extends ForwardSpec {
  readonly isOn: boolean
}

/** As `kubectl port-forward` takes it. */
export const forwardCommand = ({ kind, namespace, name, port, localPort }: ForwardSpec): string =>
  line(
    'kubectl',
    'port-forward',
    `--namespace=${namespace}`,
    `${kind.replace(/s$/, '')}/${name}`,
    localPort === port ? String(port) : `${localPort || ''}:${port}`,
  )

/** Through the API server; what it answers is shut off from this window. Undefined: workloads have no proxy. */
export const proxyPath = ({ kind, namespace, name, port }: ForwardSpec): string | undefined =>
  kind === 'services' || kind === 'pods'
    ? `/api/v1/namespaces/${encodeURIComponent(namespace)}/${kind}/${encodeURIComponent(name)}:${port}/proxy/`
    : undefined

/** Privileged ports are not this app's to take. */
export const suggestedPort = (port: number): number => (port < 1024 ? port + 8000 : port)

export const useForwardStore = defineStore('forwards', () => {
  const saved = useLocalStorage<SavedForward[]>('flotilla.forwards', [])
  const statuses = shallowRef<ReadonlyMap<string, ForwardStatus>>(new Map())
  /** What the dialog asks about. */
  const asked = shallowRef<Pick<ForwardSpec, 'kind' | 'namespace' | 'name'> & { readonly ports: readonly number[] }>()
  const { flotilla } = window

  const note = (status: ForwardStatus) => (statuses.value = new Map([...statuses.value, [status.id, status]]))
  flotilla?.on('forward:changed', note)
  const mark = (id: string, isOn: boolean) =>
    (saved.value = saved.value.map(forward => (forward.id === id ? { ...forward, isOn } : forward)))

  async function start({ isOn: _, ...spec }: SavedForward): Promise<void> {
    mark(spec.id, true)
    if (flotilla) note(await flotilla.invoke('forward:start', spec))
  }
  async function stop(id: string): Promise<void> {
    mark(id, false)
    await flotilla?.invoke('forward:stop', id)
    statuses.value = new Map([...statuses.value].filter(([each]) => each !== id))
  }
  async function add(spec: Omit<ForwardSpec, 'id'>): Promise<void> {
    const forward = { ...spec, id: crypto.randomUUID(), isOn: true }
    saved.value = [...saved.value, forward]
    await start(forward)
  }
  async function remove(id: string): Promise<void> {
    await stop(id)
    saved.value = saved.value.filter(forward => forward.id !== id)
  }
  /** Those that were on come back with the window. */
  async function restore(): Promise<void> {
    await Promise.all(saved.value.filter(({ isOn }) => isOn).map(start))
  }

  return { saved, statuses, asked, canListen: flotilla !== undefined, start, stop, add, remove, restore }
})
