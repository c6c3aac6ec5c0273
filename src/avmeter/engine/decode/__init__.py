"""From clips to windows: threads or processes that open every clip once. It knows no network and no batch."""
