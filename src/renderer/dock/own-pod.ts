// A pod that was made for one tab of the dock: it goes when the tab does, or the page.
import { onScopeDispose } from 'vue'
import { connection } from '../api/connection.ts'
import type { PodRef } from '../stores/dock.ts'

export function useOwnPod({ namespace, name }: PodRef): void {
  const path = `/api/v1/namespaces/${namespace}/pods/${name}?gracePeriodSeconds=0`
  /** @param keepalive for a page that ends before the answer */
  const remove = (keepalive: boolean) =>
    void connection.fetch(path, { method: 'DELETE', keepalive }).catch(() => undefined)
  const onPageHide = () => remove(true)
  window.addEventListener('pagehide', onPageHide)
  onScopeDispose(() => {
    window.removeEventListener('pagehide', onPageHide)
    remove(false)
  })
}
