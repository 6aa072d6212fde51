// What the operating system refuses, in a sentence that says what to do: most of it is about a path that somebody gave.

const notAllowed = (where: string) =>
  `this user may not use ${where || 'that place'}: choose another one, change its permissions, or run this as the user whose it is`

/** By error code. @param where the path, or what stands for it */
const SENTENCES: Readonly<Record<string, (where: string) => string>> = {
  ENOSPC: where => `no room is left on the disk${where && ` of ${where}`}: free some, then try again`,
  EDQUOT: where => `the quota of this user is used up${where && ` on the disk of ${where}`}: free some room, then try again`,
  EROFS: where => `${where || 'the disk'} can only be read: choose a place that can be written to`,
  EACCES: notAllowed,
  EPERM: notAllowed,
  ENOENT: where => `there is no ${where || 'such file'}: check the path`,
  ENOTDIR: where => `${where || 'a part of the path'} is not in a folder: a part of the path is a file`,
  EEXIST: where => `${where || 'the path'} is there already, and is not a folder: choose another path`,
  EISDIR: where => `${where || 'the path'} is a folder, and a file is wanted: check the path`,
  ELOOP: where => `${where || 'the path'} leads in a circle of links: check the path`,
  ENAMETOOLONG: where => `${where.slice(0, 40)}… is too long for a path: choose a shorter one`,
  EIO: where => `the disk${where && ` of ${where}`} gave an error while it was read or written: it may be failing, look at the system's log`,
  EMFILE: () => 'too many files are open: close some programs, or raise the limit (ulimit -n)',
} // prettier-ignore

/** @returns undefined for what is no refusal of the operating system */
export function systemErrorText(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return undefined
  const { code, path = '' } = error as NodeJS.ErrnoException
  return SENTENCES[code ?? '']?.(path)
}
