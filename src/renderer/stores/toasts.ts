// Short messages about what just happened, or is about to. What the user did and failed stays until closed.
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
/** What the cluster did by itself, which stays in the list of notifications: it must not lie on what one works with. */
const NEWS_MS = 10_000
/** So long something that destroys waits for who thinks again. */
export const CANCELLABLE_MS = 4_000
/** That are only told; what can still be cancelled is shown beside them. */
const MOST_SHOWN = 4

export const useToastStore = defineStore('toasts', () => {
  const toasts = shallowRef<readonly Toast[]>([])
  let next = 1

  /** Somebody reads them: the focus is there. A pointer may lie there by chance, with what it wants to click below. */
  let isRead = false
  const overdue = new Set<number>()

  function close(id: number) {
    toasts.value = toasts.value.filter(toast => toast.id !== id)
    // With what had the focus goes the event that it has lost it.
    if (toasts.value.length === 0) isRead = false
  }
  const expire = (id: number) => void (isRead ? overdue.add(id) : close(id))
  /** Nothing goes by itself while it is read. */
  function hold(on: boolean) {
    isRead = on
    if (on) return
    for (const id of overdue) close(id)
    overdue.clear()
  }
  function push(toast: Omit<Toast, 'id'>, shownMs?: number): number {
    const id = next++
    const told = toasts.value.filter(({ tone }) => tone !== 'waiting').slice(1 - MOST_SHOWN)
    toasts.value = [...toasts.value.filter(each => each.tone === 'waiting' || told.includes(each)), { id, ...toast }]
    if (shownMs !== undefined) setTimeout(() => expire(id), shownMs)
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
    hold,
    goesOn,
    done: (text: string, command?: string) =>
      void push({ tone: 'done', text, ...(command === undefined ? {} : { command }) }, SHOWN_MS),
    /** Something fails that nobody just did. */
    news: (text: string, detail: string) => void push({ tone: 'failed', text, detail }, NEWS_MS),
    failed: (text: string, error: unknown) => void push({ tone: 'failed', text, detail: messageOf(error) }),
  }
})
