inbox-unread = { $count ->
    [0] 没有未读消息
   *[other] { $count } 条未读消息
}
inbox-only-unread = 仅未读
inbox-empty = 还没有消息：通过站内信发送的通知会显示在这里。
inbox-nothing-unread = 全部已读。
inbox-new = 新
inbox-read = 标为已读
inbox-read-one = 标为已读：{ $value }
inbox-read-all = 全部标为已读
inbox-domain = 查看域名
inbox-delivery = 投递详情

notice-entry-read = 消息已标为已读。
notice-all-read = 全部消息已标为已读。
