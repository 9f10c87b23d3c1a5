"""The same move for many articles: seen first, done by a job, each article on its own and by the services."""
