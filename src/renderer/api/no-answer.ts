// Who does not answer: the cluster, or what serves a part of it while the rest is there.
import type { ApiError } from '../../shared/machinery/status.ts'
import { t } from '../i18n/i18n.ts'

/** What stands in for a server that is not there answers with it. */
const BAD_GATEWAY = 502

/** @param error of the last try; undefined where nothing came back at all */
export const isAway = (error: ApiError | undefined): boolean => error === undefined || error.code === BAD_GATEWAY

export const noAnswer = (error: ApiError | undefined): string =>
  isAway(error) ? t('The cluster does not answer') : t('The server cannot answer this now')
