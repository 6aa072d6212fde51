// Short messages about what just happened; failures stay until closed.
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'

export interface Toast {
  readonly id: number
  readonly tone: 'done' | 'failed'
  readonly text: string
  readonly detail?: string
}

const SHOWN_MS = 5_000

export const useToastStore = defineStore('toasts', () => {
  const toasts = shallowRef<readonly Toast[]>([])
  let next = 1

  const close = (id: number) => (toasts.value = toasts.value.filter(toast => toast.id !== id))
  function push(toast: Omit<Toast, 'id'>) {
    const id = next++
    toasts.value = [...toasts.value.slice(-3), { id, ...toast }]
    if (toast.tone === 'done') setTimeout(() => close(id), SHOWN_MS)
  }

  return {
    toasts,
    close,
    done: (text: string) => push({ tone: 'done', text }),
    failed: (text: string, error: unknown) =>
      push({ tone: 'failed', text, detail: error instanceof Error ? error.message : String(error) }),
  }
})
