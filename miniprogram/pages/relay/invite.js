const { Failure } = require('../../lib/http')
const { late } = require('../../lib/late')

/** How many strokes a relay may have, for choosing. */
const GOALS = [5, 9, 15, 20, 30]

/** What a person is told whose drawing does not begin a relay, or who has too many rooms. @type {Record<string, string>} */
const REFUSED = {
  relay_needs_one_stroke: '接龙要从一笔开始：新画一幅，只画一笔，再来邀请',
  too_many_rooms: '同时最多开三个，先结束一个再来',
  rooms_off: '现在不能一起画',
  sharing_off: '现在不能一起画',
  drawing_deleted: '这幅画在最近删除里',
}

// The choice between 一起画 and 一笔接龙 for one of the user's drawings.
Page({
  data: {
    goals: GOALS,
    goal: 9,
    /** The drawing shows exactly one stroke. */
    fits: false,
    busy: false,
  },

  /** @type {any} */
  services: late(),
  id: '',

  onLoad({ id = '', one = '' }) {
    this.services = getApp()
    this.id = id
    this.setData({ fits: one === '1' })
  },

  choose({ currentTarget }) {
    this.setData({ goal: currentTarget.dataset.goal })
  },

  together() {
    void this.open({ kind: 'together', drawing: this.id }, 'together')
  },

  relay() {
    if (this.data.fits) void this.open({ kind: 'relay', drawing: this.id, goal: this.data.goal }, 'relay')
    else wx.showToast({ title: REFUSED.relay_needs_one_stroke, icon: 'none' })
  },

  /** @param {object} request @param {'together' | 'relay'} page */
  async open(request, page) {
    if (this.data.busy) return
    this.setData({ busy: true })
    const { api, saver, studio } = this.services
    try {
      // The room begins with what the server has, so what is only on the phone goes there first.
      const held = saver.held(this.id)
      if (held && !(await studio.saved(held))) throw saver.status(this.id).failure
      const { code, kind } = await api.call('POST', '/rooms', request)
      // From here on the page of the room has the drawing: the phone keeps no copy of its own that falls behind.
      studio.handOver(this.id)
      wx.redirectTo({ url: `/pages/relay/${kind === 'relay' ? 'relay' : page}?code=${code}` })
    } catch (error) {
      const failure = error instanceof Failure ? error : new Failure('fault')
      // The reply may be lost and the room open all the same.
      if (failure.passing) studio.handed.add(this.id)
      if (REFUSED[failure.code]) wx.showToast({ title: REFUSED[failure.code], icon: 'none' })
      else this.selectComponent('#fault').tell(failure)
      this.setData({ busy: false })
    }
  },

  openAgreement() {
    wx.navigateTo({ url: '/pages/agreement/agreement' })
  },
})
