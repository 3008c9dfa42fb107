// Stand-ins for what lib modules are given: wx storage and login, time, and the server's answers.

/** wx storage with its limits, in kB by `limit`. */
function fakeStorage({ limit = 10 * 1024 * 1024 } = {}) {
  const values = new Map()
  const size = () => [...values].reduce((sum, [key, text]) => sum + key.length + text.length, 0)
  return {
    values,
    writes: 0,
    /** Set to a function that is called before each write, e.g. to throw as a killed app would. */
    before: null,
    setStorageSync(key, value) {
      if (this.before) this.before(key)
      this.writes += 1
      const text = JSON.stringify(value)
      if (text.length > 1024 * 1024) throw { errMsg: 'setStorageSync:fail data exceeds 1MB' }
      const old = values.get(key)
      values.set(key, text)
      if (size() > limit) {
        if (old === undefined) values.delete(key)
        else values.set(key, old)
        throw { errMsg: 'setStorageSync:fail exceed storage max size' }
      }
    },
    getStorageSync(key) {
      return values.has(key) ? JSON.parse(values.get(key)) : ''
    },
    removeStorageSync(key) {
      values.delete(key)
    },
    getStorageInfoSync() {
      return { keys: [...values.keys()], currentSize: Math.ceil(size() / 1024), limitSize: limit / 1024 }
    },
  }
}

/** wx with storage, a login that counts, and requests answered by `answer`. */
function fakeWx(answer = () => ({ statusCode: 200, data: {}, header: {} })) {
  const wx = {
    ...fakeStorage(),
    logins: 0,
    requests: [],
    keyIsFresh: true,
    login({ success }) {
      wx.logins += 1
      const code = `code-${wx.logins}`
      queueMicrotask(() => success({ code }))
    },
    getUserInfo({ success }) {
      queueMicrotask(() => success({ rawData: '{"nickName":"微信用户"}', signature: 'ab12' }))
    },
    checkSession({ success, fail }) {
      queueMicrotask(wx.keyIsFresh ? success : () => fail({ errMsg: 'checkSession:fail' }))
    },
    getDeviceInfo: () => ({ brand: 'Xiaomi', model: 'Xiaomi 14' }),
    request(options) {
      wx.requests.push(options)
      queueMicrotask(async () => {
        const reply = await answer(options, wx.requests.length)
        if (reply === 'lost') options.fail({ errMsg: 'request:fail timeout' })
        else options.success({ header: {}, ...reply })
        if (options.complete) options.complete(reply)
      })
    },
  }
  return wx
}

/** A clock and timers that a test turns by hand. */
function fakeTime(start = 1_000_000) {
  let now = start
  let count = 0
  const timers = new Map()
  const time = {
    now: () => now,
    set(run, ms) {
      count += 1
      timers.set(count, { at: now + ms, run })
      return count
    },
    clear(id) {
      timers.delete(id)
    },
    get due() {
      return [...timers.values()].map(({ at }) => at - now).sort((a, b) => a - b)
    },
    /** Lets ms pass and runs what falls due, in order. */
    async pass(ms) {
      const end = now + ms
      for (;;) {
        const [id, timer] = [...timers].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at)[0] || []
        if (!timer) break
        timers.delete(id)
        now = timer.at
        timer.run()
        await settle()
      }
      now = end
      await settle()
    },
  }
  return time
}

/** Lets all promises that can go on go on. */
const settle = () => new Promise((resolve) => setImmediate(resolve))

function stroke(x, { at = 0, tool = 'pen', width = 24, color = '#22211f', points = [x, x, 0, 10, 5, 16] } = {}) {
  return { type: 'stroke', tool, color, width, at, points }
}

module.exports = { fakeStorage, fakeWx, fakeTime, settle, stroke }
