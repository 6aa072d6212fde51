// The tabs of the dock: logs, terminals, editors. They live on while the user moves through the window, and come back
// when it is loaded anew.
import { useEventListener, useSessionStorage } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import type { AnyObject } from '../../shared/machinery/object.ts'
import type { ResourceType } from '../../shared/machinery/resource-type.ts'
import { connection } from '../api/connection.ts'
import type { ExecStreams } from '../dock/exec-session.ts'

export interface PodRef {
  readonly namespace: string
  readonly name: string
}

export type DockTab = { readonly id: number; readonly title: string } & (
  | {
      readonly kind: 'logs'
      readonly namespace: string
      /** One pod, or every pod that a workload selects. */
      readonly pod?: string
      readonly labelSelector?: string
      readonly container?: string
      readonly previous?: boolean
    }
  | {
      readonly kind: 'terminal'
      readonly pod: PodRef
      readonly container: string
      /**
       * `shell` runs one, `attach` joins the main process, `debug` waits for a debug container and joins its shell,
       * `node` waits for a pod that was made for this terminal, opens the node's shell in it, and deletes it at the end.
       */
      readonly use: 'shell' | 'attach' | 'debug' | 'node'
      /** Of the process that is attached to. */
      readonly streams?: ExecStreams
    }
  | {
      readonly kind: 'files'
      readonly pod: PodRef
      readonly container: string
      /** The files are those of this node; the pod was made for this tab, and is deleted at the end. */
      readonly node?: string
    }
  | {
      readonly kind: 'editor'
      readonly type: ResourceType<AnyObject>
      readonly namespace: string | undefined
      readonly name: string
    }
)

// Omit would merge the union into one shape; this keeps its members apart.
type NewTab = DockTab extends infer Tab ? (Tab extends DockTab ? Omit<Tab, 'id'> : never) : never

interface Kept {
  readonly tabs: readonly DockTab[]
  readonly activeId?: number | undefined
  readonly isOpen: boolean
}

/** The pod that was made for a tab: it goes with the tab, and both go with the page. */
const ownPodOf = (tab: DockTab): PodRef | undefined =>
  (tab.kind === 'terminal' && tab.use === 'node') || (tab.kind === 'files' && tab.node !== undefined)
    ? tab.pod
    : undefined

/** Resolves when the server has answered, or never will. */
async function removeOwnPod(tab: DockTab): Promise<void> {
  const pod = ownPodOf(tab)
  if (!pod) return
  const path = `/api/v1/namespaces/${pod.namespace}/pods/${pod.name}?gracePeriodSeconds=0`
  // A page that ends does not wait for the answer.
  await connection.fetch(path, { method: 'DELETE', keepalive: true }).catch(() => undefined)
}

export const useDockStore = defineStore('dock', () => {
  /** Of this window alone: another one of the same cluster has a dock of its own. */
  const kept = useSessionStorage<Kept>('flotilla.dock', { tabs: [], isOpen: false }, { shallow: true })
  const tabs = shallowRef(kept.value.tabs)
  const activeId = ref((tabs.value.find(({ id }) => id === kept.value.activeId) ?? tabs.value.at(-1))?.id)
  const isOpen = ref(kept.value.isOpen && tabs.value.length > 0)
  watch([tabs, activeId, isOpen], () => {
    kept.value = { tabs: tabs.value.filter(tab => !ownPodOf(tab)), activeId: activeId.value, isOpen: isOpen.value }
  })
  const removeOwnPods = () => Promise.all(tabs.value.map(removeOwnPod))
  useEventListener(window, 'pagehide', () => void removeOwnPods())

  const fromBefore = new Set(tabs.value.map(({ id }) => id))
  /** It was open before the window was loaded anew. */
  const cameBack = (id: number) => fromBefore.has(id)
  let next = Math.max(0, ...fromBefore) + 1

  const active = computed(() => tabs.value.find(({ id }) => id === activeId.value))

  function open(tab: NewTab) {
    const same = tabs.value.find(({ id: _id, ...rest }) => JSON.stringify(rest) === JSON.stringify(tab))
    if (same && same.kind !== 'terminal') {
      activeId.value = same.id
    } else {
      const added = { ...tab, id: next++ } as DockTab
      tabs.value = [...tabs.value, added]
      activeId.value = added.id
    }
    isOpen.value = true
  }
  function close(id: number) {
    const index = tabs.value.findIndex(tab => tab.id === id)
    const closed = tabs.value[index]
    if (closed) void removeOwnPod(closed)
    tabs.value = tabs.value.filter(tab => tab.id !== id)
    if (activeId.value === id) activeId.value = (tabs.value[index] ?? tabs.value.at(-1))?.id
    if (tabs.value.length === 0) isOpen.value = false
  }

  return { tabs, activeId, active, isOpen, open, close, cameBack, removeOwnPods }
})
