// The calling convention of wx.*: success, fail and complete, or a promise where none of them is given.

/**
 * @param {string} name
 * @param {any} options
 * @param {(ok: (reply?: object) => void, no: (error: any) => void) => void} run
 */
export function call(name, options = {}, run) {
  const finish = (how, reply) => {
    const result = { errMsg: `${name}:${how === 'success' ? 'ok' : 'fail'}`, ...reply }
    options[how]?.(result)
    options.complete?.(result)
    return result
  }
  const said = (error) => (error instanceof Error ? { errMsg: error.errMsg ?? `${name}:fail ${error.message}` } : error)
  const promise = new Promise((resolve, reject) => {
    const no = (error) => reject(finish('fail', said(error)))
    try {
      run((reply) => resolve(finish('success', reply)), no)
    } catch (error) {
      no(error)
    }
  })
  if (!options.success && !options.fail && !options.complete) return promise
  promise.catch(() => {})
  return undefined
}
