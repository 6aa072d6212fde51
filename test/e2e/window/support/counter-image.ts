// An image that counts aloud.
import { BUSYBOX, importImage, layBusybox, tagOf } from '../../../support/images.ts'

const SCRIPT =
  'trap "exit 0" TERM; i=0; while true; do i=$((i+1)); echo "count $i from $HOSTNAME"; sleep 0.5 & wait $!; done'

/** @returns the image's name; built once per content */
export const counterImage = (): string =>
  importImage(
    `flotilla-test/counter:${tagOf(SCRIPT, [BUSYBOX])}`,
    layBusybox,
    `CMD ${JSON.stringify(['/bin/sh', '-c', SCRIPT])}`,
  )
