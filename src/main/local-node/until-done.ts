// Docker answers to what takes long with a stream of news: that it failed is one of them.
import type Docker from 'dockerode'

/** @throws Error with what Docker said last of a failure */
export const untilDone = (docker: Docker, answer: NodeJS.ReadableStream): Promise<void> =>
  new Promise((resolve, reject) => {
    docker.modem.followProgress(answer, (error: Error | null, news: readonly { error?: unknown }[]) => {
      const failure = news.find(each => each.error !== undefined)?.error
      if (error) reject(error)
      else if (failure === undefined) resolve()
      else reject(new Error(String(failure)))
    })
  })
