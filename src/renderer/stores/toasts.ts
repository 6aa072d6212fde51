// Short messages about what just happened, or is about to; failures stay until closed.
import { messageOf } from '../../shared/machinery/message-of.ts'
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'

export interface Toast {
  readonly id: number
  readonly tone: 'done' | 'failed' | 'waiting'
  readonly text: string
  readonly detail?: string
  /** What was done, as kubectl would be told it: where nobody was asked first. */
  readonly command?: string
  /** Of what is about to happen. */
  readonly cancel?: () => void
}

const SHOWN_MS = 5_000
/** So long something that destroys waits for who thinks again. */
export const CANCELLABLE_MS = 4_000
/** That are only told; what can still be cancelled is shown beside them. */
const MOST_SHOWN = 4

export const useToastStore = defineStore('toasts', () => {
  const toasts = shallowRef<readonly Toast[]>([])
  let next = 1

  const close = (id: number) => (toasts.value = toasts.value.filter(toast => toast.id !== id))
  function push(toast: Omit<Toast, 'id'>): number {
    const id = next++
    const told = toasts.value.filter(({ tone }) => tone !== 'waiting').slice(1 - MOST_SHOWN)
    toasts.value = [...toasts.value.filter(each => each.tone === 'waiting' || told.includes(each)), { id, ...toast }]
    if (toast.tone === 'done') setTimeout(() => close(id), SHOWN_MS)
    return id
  }
  /** Tells what is about to happen. @returns whether nobody cancelled it within some seconds */
  const goesOn = (text: string): Promise<boolean> =>
    new Promise(resolve => {
      const id = push({ tone: 'waiting', text, cancel: () => end(false) })
      const timer = setTimeout(() => end(true), CANCELLABLE_MS)
      function end(isOn: boolean) {
        clearTimeout(timer)
        close(id)
        resolve(isOn)
      }
    })

  return {
    toasts,
    close,
    goesOn,
    done: (text: string, command?: string) =>
      void push({ tone: 'done', text, ...(command === undefined ? {} : { command }) }),
    failed: (text: string, error: unknown) => void push({ tone: 'failed', text, detail: messageOf(error) }),
  }
})
