// Links to places of the window are plain elements, as lists have hundreds of them: one listener follows them all.
// They keep their address, so that the browser can open and copy them.
import { useEventListener } from '@vueuse/core'
import { useRouter } from 'vue-router'

const isPlain = ({ button, metaKey, ctrlKey, shiftKey, altKey }: MouseEvent) =>
  button === 0 && !metaKey && !ctrlKey && !shiftKey && !altKey

/** Follows every link that is marked with `data-place`; what is around it does not hear of the click. */
export function useFollowLinks(): void {
  const router = useRouter()
  const { base } = router.options.history
  function follow(event: MouseEvent) {
    const link = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>('a[data-place]') : undefined
    if (!link) return
    event.stopPropagation()
    if (!isPlain(event)) return
    event.preventDefault()
    void router.push(link.pathname.slice(base.length) + link.search)
  }
  useEventListener(document, 'click', follow, { capture: true })
}
